public import JSON

/// A payload of the bus with a JSON form.
public protocol MessagePayload: Sendable, Equatable {
    /// - Throws: `JSONError` that names the key at fault.
    init(json: JSONValue) throws(JSONError)
    var json: JSONValue { get }
}

extension MessagePayload {
    /// Largest JSON payload that is read at all, in bytes.
    public static var maximumBytes: Int { 4 << 20 }

    public init(payload: [UInt8]) throws(JSONError) {
        try self.init(json: JSONValue(parsing: payload, maximumBytes: Self.maximumBytes))
    }

    public var payload: [UInt8] { json.bytes }
}

/// Bounds within which a time is believed: Unix seconds from 2000 to 2100.
public let plausibleTimes = 946_684_800.0...4_102_444_800.0

extension JSONObjectReader {
    /// A time in Unix seconds within ``plausibleTimes``.
    package func time(_ key: String) throws(JSONError) -> Double {
        let value = try number(key)
        guard plausibleTimes.contains(value) else {
            throw JSONError(.wrongType, "\(key): \(value) is no Unix time between 2000 and 2100")
        }
        return value
    }

    /// A number that must be there and positive.
    package func positive(_ key: String) throws(JSONError) -> Int {
        let value = try integer(key)
        guard value > 0 else { throw JSONError(.wrongType, "\(key): must be above 0, not \(value)") }
        return value
    }
}

extension JSONValue {
    /// Unix seconds at microsecond resolution.
    package static func time(_ seconds: Double) -> JSONValue { JSONValue(seconds, places: 6) }
    package static func count(_ value: Int) -> JSONValue { .integer(Int64(value)) }
}
