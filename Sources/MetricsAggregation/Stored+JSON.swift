import JSON
import Telemetry

/// Counters in the form they are stored in.
extension JouleCount {
    var json: JSONValue {
        .object([
            "value": .double(value), "low": .double(low), "high": .double(high), "method": .string(method.rawValue),
        ])
    }

    init(reader: JSONObjectReader) throws(JSONError) {
        value = try reader.number("value")
        low = try reader.number("low")
        high = try reader.number("high")
        method = try reader.word("method")
    }

    static func json(_ counts: [String: JouleCount]) -> JSONValue {
        var object = JSONObject()
        for (cause, count) in counts { object[cause] = count.json }
        return .object(object)
    }

    static func counts(_ reader: JSONObjectReader) throws(JSONError) -> [String: JouleCount] {
        var counts: [String: JouleCount] = [:]
        for cause in reader.object.keys { counts[cause] = try JouleCount(reader: try reader.object(cause)) }
        return counts
    }
}

extension EnergyLedger.Edge {
    var json: JSONValue {
        .object([
            "boot": .string(boot), "t": .double(t), "inferences": .integer(Int64(inferences)),
            "joules": JouleCount.json(joules), "total": JouleCount.json(total),
        ])
    }

    init(json: JSONValue) throws(JSONError) {
        let reader = try JSONObjectReader(json)
        boot = try reader.string("boot")
        t = try reader.number("t")
        inferences = try reader.integer("inferences")
        joules = try JouleCount.counts(try reader.object("joules"))
        total = try JouleCount.counts(try reader.object("total"))
    }
}

extension FleetState {
    var storedJSON: JSONValue {
        var running = JSONObject()
        for (key, value) in movement.running { running[key] = .string(value) }
        var uploads = JSONObject()
        for (key, counter) in movement.uploads {
            uploads[key] = .object(["session": .string(counter.session), "value": .integer(Int64(counter.value))])
        }
        var bytes = JSONObject()
        for (key, value) in movement.bytes { bytes[key] = .integer(Int64(value)) }
        var object: JSONObject = ["running": .object(running), "uploads": .object(uploads), "bytes": .object(bytes)]
        object["firstInference"] = firstInference.map(JSONValue.double)
        object["forgotten"] = .array(forgotten.sorted().map { .string($0.description) })
        return .object(object)
    }

    mutating func restore(_ json: JSONValue) throws(JSONError) {
        let reader = try JSONObjectReader(json)
        let running = try reader.object("running")
        for key in running.object.keys { movement.running[key] = try running.string(key) }
        let uploads = try reader.object("uploads")
        for key in uploads.object.keys {
            let counter = try uploads.object(key)
            movement.uploads[key] = Movement.Counter(
                session: try counter.string("session"), value: try counter.integer("value"))
        }
        let bytes = try reader.object("bytes")
        for key in bytes.object.keys { movement.bytes[key] = try bytes.integer(key) }
        firstInference = try reader.optionalNumber("firstInference")
        let forgotten = try reader.strings("forgotten").map { $0.split(separator: "/").map(String.init) }
        restore(
            forgotten: Set(forgotten.filter { $0.count == 2 }.map { DeviceID(site: $0[0], device: $0[1]) }))
    }
}

extension DecisionSeries {
    /// What is stored of a series beside its records.
    var storedJSON: JSONValue {
        var object: JSONObject = [
            "longest": .integer(longest),
            "ranges": .integers(sealedRanges.ranges.flatMap { [Int($0.lowerBound), Int($0.upperBound)] }),
        ]
        if let last {
            object["to"] = .integer(last.to)
            object["version"] = .integer(Int64(last.version))
            object["edge"] = .integer(Int64(last.edge))
            object["confidence"] = .double(Double(last.confidence))
            switch last.answer {
            case .label(let label): object["label"] = .integer(Int64(label))
            case .value(let value): object["value"] = .double(value)
            case .none, .mixed: break
            }
        }
        return .object(object)
    }

    init(key: Key, subjects: Subjects, storedJSON: JSONValue) throws(JSONError) {
        self.init(key: key, subjects: subjects)
        let reader = try JSONObjectReader(storedJSON)
        longest = Int64(try reader.integer("longest"))
        let bounds = try reader.integers("ranges", multipleOf: 2)
        var ranges: [ClosedRange<Int64>] = []
        for at in stride(from: 0, to: bounds.count, by: 2) {
            guard bounds[at] <= bounds[at + 1] else { throw JSONError(.wrongType, "ranges: one ends before it begins") }
            ranges.append(Int64(bounds[at])...Int64(bounds[at + 1]))
        }
        sealedRanges = SealedRanges(ranges: ranges)
        guard let to = try reader.optionalInteger("to") else { return }
        var answer = Answer.none
        if let label = try reader.optionalInteger("label") { answer = .label(Int32(truncatingIfNeeded: label)) }
        if let value = try reader.optionalNumber("value") { answer = .value(value) }
        last = Last(
            to: Int64(to), version: Int32(truncatingIfNeeded: try reader.integer("version")),
            edge: Int32(truncatingIfNeeded: try reader.integer("edge")), answer: answer,
            confidence: Float(try reader.number("confidence")))
    }
}

extension DecisionJoin {
    /// Labels that are known and whose windows are yet to be read from the disk: lost with nothing but a killed process,
    /// so they are stored.
    var recallsJSON: JSONValue {
        .array(
            recalls.compactMap { recall in
                guard case .interval(let basis, let range) = recall.reason else { return nil }
                return .integers([recall.series, basis.rawValue, Int(range.lowerBound), Int(range.upperBound)])
            })
    }

    mutating func restoreRecalls(_ json: JSONValue) throws(JSONError) {
        for element in json.elements ?? [] {
            let numbers = (element.elements ?? []).compactMap { $0.integer }
            guard numbers.count == 4, series.indices.contains(Int(numbers[0])),
                let basis = Basis(rawValue: Int(numbers[1])), numbers[2] < numbers[3]
            else { throw JSONError(.wrongType, "recalls: must be a series, a basis and a time each") }
            recall(Int(numbers[0]), basis, numbers[2]..<numbers[3])
        }
    }
}

extension JSONValue {
    /// Integers in a row.
    static func integers(_ values: [Int]) -> JSONValue { .array(values.map { .integer(Int64($0)) }) }
}

extension JSONObjectReader {
    fileprivate func integers(_ key: String, multipleOf count: Int) throws(JSONError) -> [Int] {
        let elements = try elements(key)
        let integers = elements.compactMap { $0.integer.flatMap(Int.init(exactly:)) }
        guard integers.count == elements.count, integers.count % count == 0 else {
            throw JSONError(.wrongType, "\(key): expected integers in groups of \(count)")
        }
        return integers
    }
}
