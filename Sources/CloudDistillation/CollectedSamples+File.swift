import JSON
import ModelArtifact
import Telemetry

/// The file that keeps a job's samples: safetensors whose metadata holds the task, and the names of devices and teachers.
extension CollectedSamples {
    private static let format = "1"

    func encode() -> [UInt8] {
        let names = Set(devices).sorted()
        let numbers = Dictionary(names.enumerated().map { ($1, Int32($0)) }, uniquingKeysWith: { first, _ in first })
        func strings(_ values: [String]) -> JSONValue { .array(values.map(JSONValue.string)) }
        var facts: JSONObject = ["sites": strings(names.map(\.site)), "devices": strings(names.map(\.device))]
        var tensors = [
            Self.tensor("values", [count, task.window, task.channels.count], values),
            Self.tensor("targets", [count], targets.map(number(of:))),
            SafetensorsTensor(name: "device", shape: [count], devices.map { numbers[$0] ?? 0 }),
        ]
        if let answers {
            facts["teachers"] = strings(answers.teachers)
            tensors.append(Self.tensor("answers", [count, task.outputs], answers.values))
        }
        return Safetensors(
            metadata: [
                "retort.samples": Self.format, "task": task.json.text, "names": JSONValue.object(facts).text,
            ], tensors: tensors
        ).encode()
    }

    /// Reads samples back.
    ///
    /// - Throws: `ArtifactError` or `JSONError` that says what is wrong with the file.
    init(decoding bytes: [UInt8]) throws {
        let file = try Safetensors(decoding: bytes)
        guard try file.string("retort.samples") == Self.format else {
            throw ArtifactError(.unsupportedFormat, "this version reads samples of format \(Self.format)")
        }
        let task = try TaskDocument(json: JSONValue(parsing: file.string("task")))
        let facts = try JSONObjectReader(JSONValue(parsing: file.string("names")))
        let names = zip(try facts.strings("sites"), try facts.strings("devices")).map { DeviceID(site: $0, device: $1) }
        let places = try file.tensor("device").int32s().map(Int.init)
        let numbers = try file.tensor("targets").floats()
        let values = try file.tensor("values").floats()
        let classes = task.kind == .classification ? task.classes.count : Int.max
        guard numbers.count == places.count, values.count == places.count * task.window * task.channels.count,
            places.allSatisfy(names.indices.contains),
            numbers.allSatisfy({ $0.isNaN || task.kind != .classification || (0..<Float(classes)).contains($0) })
        else { throw ArtifactError(.inconsistent, "the samples do not fit their task") }
        self.init(
            task: task, values: values,
            targets: numbers.map { number in
                if number.isNaN { return nil }
                return task.kind == .classification
                    ? .label(task.classes[Int(number)].name) : .value(Double(number))
            }, devices: places.map { names[$0] })
        guard let teachers = try facts.optionalStrings("teachers") else { return }
        let answered = try file.tensor("answers").floats()
        guard answered.count == count * task.outputs else {
            throw ArtifactError(.inconsistent, "the answers do not fit their samples")
        }
        answers = Answers(values: answered, outputs: task.outputs, teachers: teachers)
    }

    /// A target as the engine takes it: the number of its class or its value; NaN for none.
    func number(of target: WindowTarget?) -> Float {
        switch target {
        case .label(let label): task.classIndex(label).map { Float($0) } ?? .nan
        case .value(let value): Float(value)
        case nil: .nan
        }
    }

    private static func tensor(_ name: String, _ shape: [Int], _ values: [Float]) -> SafetensorsTensor {
        SafetensorsTensor(name: name, element: .f32, shape: shape, bytes: FloatBytes.bytes(of: values))
    }
}

extension CollectedSamples.Answers {
    init(values: [Float], outputs: Int, teachers: [String]) {
        self.values = values
        self.teachers = teachers
        count = stride(from: 0, to: values.count, by: outputs).count { !values[$0].isNaN }
    }
}
