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
            Self.tensor("targets", [count, heads], targets.flatMap(numbers(of:))),
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
        let heads = task.headRanges.count
        let each = max(1, heads)
        guard numbers.count == places.count * each,
            values.count == places.count * task.window * task.channels.count,
            places.allSatisfy(names.indices.contains),
            numbers.enumerated().allSatisfy({ place, number in
                number.isNaN || heads == 0 || (0..<Float(task.headRanges[place % each].count)).contains(number)
            })
        else { throw ArtifactError(.inconsistent, "the samples do not fit their task") }
        self.init(
            task: task, values: values,
            targets: places.indices.map { Self.target(numbers[$0 * each..<($0 + 1) * each], task) },
            devices: places.map { names[$0] })
        guard let teachers = try facts.optionalStrings("teachers") else { return }
        let answered = try file.tensor("answers").floats()
        guard answered.count == count * task.outputs else {
            throw ArtifactError(.inconsistent, "the answers do not fit their samples")
        }
        answers = Answers(values: answered, outputs: task.outputs, teachers: teachers)
    }

    /// Numbers of a target: one for each head.
    var heads: Int { max(1, task.headRanges.count) }

    /// A target as the engine takes it: the number of its class, head after head, or its value; NaN for none.
    func numbers(of target: WindowTarget?) -> [Float] {
        switch target {
        case .label(let label): [task.classIndex(label).map { Float($0) } ?? .nan]
        case .value(let value): [Float(value)]
        case .heads(let known):
            task.heads.map { head in
                head.classes.firstIndex { $0.name == known[head.name] }.map { Float($0) } ?? .nan
            }
        case nil: [Float](repeating: .nan, count: heads)
        }
    }

    /// The target that numbers stand for.
    private static func target(_ numbers: ArraySlice<Float>, _ task: TaskDocument) -> WindowTarget? {
        guard let first = numbers.first, !numbers.allSatisfy(\.isNaN) else { return nil }
        switch task.kind {
        case .classification: return .label(task.classes[Int(first)].name)
        case .regression: return .value(Double(first))
        case .multiHead:
            var known: [String: String] = [:]
            for (head, number) in zip(task.heads, numbers) where !number.isNaN {
                known[head.name] = head.classes[Int(number)].name
            }
            return .heads(known)
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
