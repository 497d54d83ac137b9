import Inference
public import ModelArtifact
import Telemetry

/// What a student asks of a device, whichever it is.
public struct StudentDemand: Sendable, Equatable {
    public var name: String
    /// Bytes of the student's file.
    public var fileBytes: Int
    /// Bytes of weights, biases and scales.
    public var weightBytes: Int
    /// Bytes of working memory, as the runtime here lays it out.
    public var arenaBytes: Int
    public var parameters: Int
    /// Multiply-accumulates a window.
    public var multiplyAccumulates: Int
    public var isInt8: Bool
    /// Windows a second of one device.
    public var rate: Double
    /// Bytes of the message that tells a decision, with its topic.
    public var messageBytes: Int
    /// Limits that the task sets.
    public var limits: TaskDocument.StudentLimits

    public init(
        name: String, fileBytes: Int, weightBytes: Int, arenaBytes: Int, parameters: Int, multiplyAccumulates: Int,
        isInt8: Bool, rate: Double, messageBytes: Int, limits: TaskDocument.StudentLimits
    ) {
        self.name = name
        self.fileBytes = fileBytes
        self.weightBytes = weightBytes
        self.arenaBytes = arenaBytes
        self.parameters = parameters
        self.multiplyAccumulates = multiplyAccumulates
        self.isInt8 = isInt8
        self.rate = rate
        self.messageBytes = messageBytes
        self.limits = limits
    }

    /// Reads a student's file.
    ///
    /// - Throws: ``EnergyPlanningError`` `.invalidStudent`.
    public init(file bytes: [UInt8]) throws(EnergyPlanningError) {
        do {
            let student = try Student(decoding: bytes)
            let engine = try InferenceEngine(student)
            self.init(student, engine, fileBytes: bytes.count)
        } catch { throw EnergyPlanningError(.invalidStudent, "\(error)") }
    }

    private init(_ student: Student, _ engine: InferenceEngine, fileBytes: Int) {
        let task = student.task
        self.init(
            name: task.name, fileBytes: fileBytes,
            weightBytes: student.layers.reduce(0) { sum, layer in
                sum + layer.weight.count + 4 * layer.bias.count + 4 * layer.multiplier.count + layer.shift.count
            }, arenaBytes: engine.arenaBytes, parameters: student.spec.parameterCount,
            multiplyAccumulates: engine.multiplyAccumulates, isInt8: true, rate: task.rate / Double(task.step),
            messageBytes: Self.messageBytes(task), limits: task.student)
    }

    /// Bytes of an inference message of the task with its longest label, its topic and MQTT's fixed header.
    private static func messageBytes(_ task: TaskDocument) -> Int {
        let longest = (task.classes + task.heads.flatMap(\.classes)).max { $0.name.utf8.count < $1.name.utf8.count }
        let decision: InferenceMessage.Decision =
            if let longest { .label(longest.name, superclass: longest.superclass, confidence: 0.9142) } else {
                .value(612.25, unit: task.target?.unit ?? "", standardDeviation: 18.125)
            }
        let from = 1_760_000_000.0
        let message = InferenceMessage(
            t: from + 5.012, window: "device-7@\(Int(from)).000", from: from, to: from + task.windowSeconds,
            edge: "gw-1", version: 7, decision: decision, latencyMicroseconds: 41.3)
        let topic = TopicSpace().string(.inference(DeviceID(site: "home", device: "device-7"), model: task.name))
        return message.payload.count + topic.utf8.count + 5
    }
}
