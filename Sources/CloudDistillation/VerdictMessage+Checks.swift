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
            let names = task.classes.map(\.name).joined(separator: ", ")
            guard probabilities.count == task.classes.count, task.classIndex(label) != nil else {
                throw Rejection(
                    code: "classes",
                    reason: "\(probabilities.count) probabilities and \"\(label.prefix(100))\", but the classes of "
                        + "\(task.name) are, in this order: \(names)")
            }
            let sum = probabilities.reduce(0, +)
            guard abs(sum - 1) <= Self.tolerance else {
                throw Rejection(code: "sum", reason: "the probabilities sum to \(sum), not to 1")
            }
            values = probabilities.map { $0 / sum }
        case (.value(let value), .regression) where Float(value).isFinite: values = [Float(value)]
        default:
            throw Rejection(
                code: "form",
                reason: task.kind == .regression
                    ? "\(task.name) wants a value" : "\(task.name) wants probabilities of its classes")
        }
        return (
            WindowKey(device: device, milliseconds: id.milliseconds),
            WindowAnswer(t: t, teacher: teacher, values: values)
        )
    }
}
