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

extension EnergyLedger.Account {
    var json: JSONValue { .object(["inferences": .double(inferences), "joules": JouleCount.json(joules)]) }

    init(json: JSONValue) throws(JSONError) {
        let reader = try JSONObjectReader(json)
        inferences = try reader.number("inferences")
        joules = try JouleCount.counts(try reader.object("joules"))
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
    }
}
