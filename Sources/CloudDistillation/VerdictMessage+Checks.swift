import ModelArtifact
import Telemetry

extension VerdictMessage {
    /// Bytes of a teacher's name at most.
    private static let nameBytes = 128
    /// How far probabilities may be from summing to one.
    private static let tolerance: Float = 0.01

    /// Checks that the verdict answers the task for a window of the device its topic names.
    ///
    /// - Returns: the window's key and the answer, its probabilities brought to a sum of one.
    func checked(device: DeviceID, task: TaskDocument) throws(Rejection) -> (WindowKey, WindowAnswer) {
        guard let id = WindowID(window), id.device == device.device else {
            throw Rejection(code: "window", reason: "\"\(window.prefix(100))\" names no window of \(device.device)")
        }
        guard !teacher.isEmpty, teacher.utf8.count <= Self.nameBytes else {
            throw Rejection(code: "teacher", reason: "a teacher's name has 1 to \(Self.nameBytes) bytes")
        }
        let values: [Float]
        switch (content, task.kind) {
        case (.probabilities(let probabilities, let label), .classification):
            values = try Self.checked(probabilities, label, of: task.name, task.classes)
        case (.heads(let heads), .multiHead):
            guard heads.map(\.head) == task.heads.map(\.name) else {
                let names = task.heads.map(\.name).joined(separator: ", ")
                throw Rejection(code: "heads", reason: "the heads of \(task.name) are, in this order: \(names)")
            }
            var all: [Float] = []
            for (said, head) in zip(heads, task.heads) {
                all += try Self.checked(said.probabilities, said.label, of: head.name, head.classes)
            }
            values = all
        case (.value(let value), .regression) where Float(value).isFinite: values = [Float(value)]
        default:
            let wanted =
                switch task.kind {
                case .regression: "a value"
                case .classification: "probabilities of its classes"
                case .multiHead: "heads with probabilities of their classes"
                }
            throw Rejection(code: "form", reason: "\(task.name) wants \(wanted)")
        }
        return (
            WindowKey(device: device, milliseconds: id.milliseconds),
            WindowAnswer(t: t, teacher: teacher, values: values)
        )
    }

    /// Probabilities of some classes, brought to a sum of one.
    private static func checked(
        _ probabilities: [Float], _ label: String, of name: String, _ classes: [TaskDocument.Class]
    ) throws(Rejection) -> [Float] {
        guard probabilities.count == classes.count, classes.contains(where: { $0.name == label }) else {
            let names = classes.map(\.name).joined(separator: ", ")
            throw Rejection(
                code: "classes",
                reason: "\(probabilities.count) probabilities and \"\(label.prefix(100))\", but the classes of \(name) "
                    + "are, in this order: \(names)")
        }
        let sum = probabilities.reduce(0, +)
        guard abs(sum - 1) <= tolerance else {
            throw Rejection(code: "sum", reason: "the probabilities sum to \(sum), not to 1")
        }
        return probabilities.map { $0 / sum }
    }
}
