import JSON

/// How a student came to an edge: said on `installed/`, and kept with the student, for the process that installed it may
/// not live to say it.
struct UpdateReceipt: Sendable, Equatable {
    /// Digest of the student that the update started from, or `none`.
    var base: String
    /// `full`, `prefix`, `residual`; `kept` for a student that still stood in the other slot.
    var method: String
    /// Bytes of the frame.
    var bytes: Int
    var chunks: Int
    /// Chunks that came more often than needed, or not as offered.
    var repeated: Int
    /// From the first sight of the desired release to the switch.
    var seconds: Double
    /// Why an edge that ran something took the whole file.
    var reason: String?
}

extension UpdateReceipt {
    /// - Throws: `JSONError` that names the key at fault.
    init(_ reader: JSONObjectReader) throws(JSONError) {
        base = try reader.string("base")
        method = try reader.string("method")
        bytes = try reader.integer("bytes")
        chunks = try reader.integer("chunks")
        repeated = try reader.integer("repeated")
        seconds = try reader.number("seconds")
        reason = try reader.optionalString("reason")
    }

    var json: JSONValue {
        var object: JSONObject = [
            "base": .string(base), "method": .string(method), "bytes": .integer(Int64(bytes)),
            "chunks": .integer(Int64(chunks)), "repeated": .integer(Int64(repeated)),
            "seconds": JSONValue(seconds, places: 3),
        ]
        object["reason"] = reason.map(JSONValue.string)
        return .object(object)
    }
}
