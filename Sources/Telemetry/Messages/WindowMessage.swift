public import JSON

/// A window that an edge uploads.
public struct WindowMessage: MessagePayload {
    public enum Reason: String, Sendable, CaseIterable { case bootstrap, sample, uncertain, drift }
    public enum Want: String, Sendable, CaseIterable { case verdict, training }

    public var t: Double
    /// ``WindowID/description``.
    public var window: String
    public var from: Double
    public var to: Double
    public var edge: String
    public var reason: Reason
    public var want: Want
    public var channels: [String]
    /// (samples × channels), row-major, raw units, no NaN.
    public var values: [Float]
    public var filledChannels: [String]
    public var resent: Bool

    public init(
        t: Double, window: String, from: Double, to: Double, edge: String, reason: Reason, want: Want,
        channels: [String], values: [Float], filledChannels: [String] = [], resent: Bool = false
    ) {
        self.t = t
        self.window = window
        self.from = from
        self.to = to
        self.edge = edge
        self.reason = reason
        self.want = want
        self.channels = channels
        self.values = values
        self.filledChannels = filledChannels
        self.resent = resent
    }

    /// The one binary encoding: base64 of little-endian float32.
    static let encoding = "f32le"

    public init(json: JSONValue) throws(JSONError) {
        let reader = try JSONObjectReader(json)
        t = try reader.time("t")
        window = try reader.string("window")
        from = try reader.time("from")
        to = try reader.time("to")
        edge = try reader.string("edge")
        reason = try reader.word("reason")
        want = try reader.word("want")
        channels = try reader.strings("channels")
        if let encoding = try reader.optionalString("encoding") {
            guard encoding == Self.encoding else {
                throw JSONError(.wrongType, "encoding: \"\(encoding)\" is not known; use \(Self.encoding) or rows")
            }
            guard let bytes = Base64.decode(try reader.string("values")), bytes.count % 4 == 0 else {
                throw JSONError(.wrongType, "values: no base64 of 4-byte floats")
            }
            values = []
            values.reserveCapacity(bytes.count / 4)
            for at in stride(from: 0, to: bytes.count, by: 4) {
                let low = UInt32(bytes[at]) | UInt32(bytes[at + 1]) << 8
                let high = UInt32(bytes[at + 2]) | UInt32(bytes[at + 3]) << 8
                values.append(Float(bitPattern: low | high << 16))
            }
        } else {
            values = []
            for row in try reader.elements("values") {
                guard let numbers = row.numberArray, numbers.count == channels.count else {
                    throw JSONError(.wrongType, "values: each row has \(channels.count) numbers")
                }
                values.append(contentsOf: numbers.map(Float.init))
            }
        }
        guard !channels.isEmpty, !values.isEmpty, values.count % channels.count == 0 else {
            throw JSONError(.wrongType, "values: \(values.count) are no rows of \(channels.count) channels")
        }
        guard values.allSatisfy(\.isFinite) else { throw JSONError(.wrongType, "values: one is not finite") }
        filledChannels = try reader.optionalStrings("filledChannels") ?? []
        resent = try reader.optionalBool("resent") ?? false
    }

    public var json: JSONValue {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(values.count * 4)
        for value in values {
            withUnsafeBytes(of: value.bitPattern.littleEndian) { bytes.append(contentsOf: $0) }
        }
        var object: JSONObject = [
            "t": .time(t), "window": .string(window), "from": .time(from), "to": .time(to), "edge": .string(edge),
            "reason": .string(reason.rawValue), "want": .string(want.rawValue),
            "channels": .array(channels.map(JSONValue.string)), "encoding": .string(Self.encoding),
            "values": .string(Base64.encode(bytes)), "filledChannels": .array(filledChannels.map(JSONValue.string)),
        ]
        if resent { object["resent"] = .bool(true) }
        return .object(object)
    }
}
