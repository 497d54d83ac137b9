public import JSON

/// Samples from a sensor, in either form that publishers use.
///
/// Rows: `{"t":…,"dt":…,"seq":…,"channels":[…],"values":[[…],…]}`; `null` in a row is a missing value, booleans are 1
/// and 0. Flat, one sample: `{"co2":612,"motion":true}`, where members that are neither number nor boolean are ignored.
/// In both, `t` is Unix seconds or ISO 8601 text, or absent, and `dt` seconds between samples.
public struct TelemetryMessage: MessagePayload {
    public static let maximumRows = 100_000
    public static let maximumChannels = 256

    /// Unix seconds of the first sample; nothing where the publisher left it out.
    public var t: Double?
    /// Seconds between samples.
    public var interval: Double?
    public var sequence: Int?
    public var channels: [String]
    /// (rows × channels), row-major; NaN where a value is missing.
    public var values: [Float]

    public init(
        t: Double?, interval: Double? = nil, sequence: Int? = nil, channels: [String], values: [Float]
    ) {
        precondition(!channels.isEmpty && values.count % channels.count == 0, "values are rows of the channels")
        self.t = t
        self.interval = interval
        self.sequence = sequence
        self.channels = channels
        self.values = values
    }

    /// Samples in the message.
    public var rows: Int { values.count / channels.count }

    /// The samples with a time: the publisher's, or else the arrival, which is taken for the time of the last sample.
    ///
    /// - Parameter arrival: Unix seconds.
    public func batch(arrival: Double) -> SampleBatch {
        SampleBatch(
            t: t ?? arrival - Double(rows - 1) * (interval ?? 0), timeIsArrival: t == nil, interval: interval,
            sequence: sequence, channels: channels, values: values)
    }

    public init(json: JSONValue) throws(JSONError) {
        let reader = try JSONObjectReader(json)
        t = try Self.time(reader)
        sequence = try reader.optionalInteger("seq")
        interval = try reader.optionalNumber("dt")
        if reader.object["values"] != nil {
            channels = try reader.strings("channels")
            try Self.check(channels)
            values = try Self.rows(reader.object["values"] ?? .null, channels: channels.count)
        } else {
            (channels, values) = try Self.flat(reader.object)
        }
        if let interval {
            guard interval > 0, interval <= 86_400 else {
                throw JSONError(.wrongType, "dt: \(interval) is no interval above 0 and up to a day, in seconds")
            }
            if let t, !plausibleTimes.contains(t + interval * Double(rows)) {
                throw JSONError(.wrongType, "dt: the last sample lies beyond the year 2100")
            }
        }
    }

    public var json: JSONValue {
        var object = JSONObject()
        object["t"] = t.map(JSONValue.time)
        object["dt"] = interval.map(JSONValue.init(exactly:))
        object["seq"] = sequence.map(JSONValue.count)
        object["channels"] = .array(channels.map(JSONValue.string))
        object["values"] = .array(
            (0..<rows).map { row in
                let cells = values[row * channels.count..<(row + 1) * channels.count]
                if cells.allSatisfy(\.isFinite) { return .numbers(cells.map(Self.decimal)) }
                return .array(cells.map { $0.isFinite ? JSONValue(exactly: Self.decimal($0)) : .null })
            })
        return .object(object)
    }

    /// The double with the fewest decimals that reads back as the same float.
    private static func decimal(_ value: Float) -> Double {
        let wide = Double(value)
        var scale = 1.0
        for _ in 0..<9 {
            let short = (wide * scale).rounded() / scale
            if Float(short) == value { return short }
            scale *= 10
        }
        return wide
    }

    private static func time(_ reader: JSONObjectReader) throws(JSONError) -> Double? {
        guard let text = reader.object["t"]?.string else {
            guard let value = reader.object["t"], value != .null else { return nil }
            return try reader.time("t")
        }
        guard let t = Timestamp.parse(iso8601: text), plausibleTimes.contains(t) else {
            throw JSONError(
                .wrongType, "t: \"\(text.prefix(40))\" is neither Unix seconds nor an ISO 8601 time from 2000 to 2100")
        }
        return t
    }

    private static func check(_ channels: [String]) throws(JSONError) {
        guard (1...maximumChannels).contains(channels.count) else {
            throw JSONError(.wrongType, "channels: 1 to \(maximumChannels) are needed, not \(channels.count)")
        }
        for (index, name) in channels.enumerated() {
            guard !name.isEmpty, name.utf8.count <= 128 else {
                throw JSONError(.wrongType, "channels[\(index)]: 1 to 128 bytes are needed")
            }
            guard !channels[..<index].contains(name) else {
                throw JSONError(.wrongType, "channels: \"\(name)\" stands twice")
            }
        }
    }

    private static func rows(_ value: JSONValue, channels: Int) throws(JSONError) -> [Float] {
        var values: [Float] = []
        switch value {
        case .numbers(let numbers):
            // One channel: a sample each; several: one row.
            guard channels == 1 || numbers.count == channels else {
                throw JSONError(.wrongType, "values: \(numbers.count) numbers are no row of \(channels) channels")
            }
            guard numbers.count <= maximumRows * channels else { throw tooMany(numbers.count / channels) }
            for number in numbers { values.append(try float(number)) }
        case .array(let rows):
            guard rows.count <= maximumRows else { throw tooMany(rows.count) }
            values.reserveCapacity(rows.count * channels)
            for (index, row) in rows.enumerated() { try append(row, index, channels: channels, to: &values) }
        default:
            throw JSONError(.wrongType, "values: expected an array of rows, not \(value.kind)")
        }
        guard !values.isEmpty else { throw JSONError(.wrongType, "values: there is no sample") }
        return values
    }

    private static func append(
        _ row: JSONValue, _ index: Int, channels: Int, to values: inout [Float]
    ) throws(JSONError) {
        if case .numbers(let numbers) = row {
            guard numbers.count == channels else { throw wrongLength(index, numbers.count, channels) }
            for number in numbers { values.append(try float(number)) }
            return
        }
        guard case .array(let cells) = row else {
            throw JSONError(.wrongType, "values[\(index)]: expected a row of \(channels) numbers, not \(row.kind)")
        }
        guard cells.count == channels else { throw wrongLength(index, cells.count, channels) }
        for cell in cells {
            switch cell {
            case .null: values.append(.nan)
            case .bool(let value): values.append(value ? 1 : 0)
            default:
                guard let number = cell.number else {
                    throw JSONError(.wrongType, "values[\(index)]: expected numbers, not a \(cell.kind)")
                }
                values.append(try float(number))
            }
        }
    }

    private static func flat(_ object: JSONObject) throws(JSONError) -> (channels: [String], values: [Float]) {
        var channels: [String] = []
        var values: [Float] = []
        for (key, value) in object where key != "t" && key != "seq" && key != "dt" {
            switch value {
            case .integer, .double: values.append(try float(value.number ?? .nan))
            case .bool(let flag): values.append(flag ? 1 : 0)
            default: continue
            }
            channels.append(key)
        }
        guard !channels.isEmpty else {
            throw JSONError(.wrongType, "neither \"values\" nor any member that is a number or a boolean")
        }
        try check(channels)
        return (channels, values)
    }

    private static func float(_ number: Double) throws(JSONError) -> Float {
        let value = Float(number)
        guard value.isFinite else { throw JSONError(.wrongType, "values: \(number) is beyond 32-bit floats") }
        return value
    }

    private static func tooMany(_ rows: Int) -> JSONError {
        JSONError(.tooLarge, "values: \(rows) samples; at most \(maximumRows) are accepted in one message")
    }

    private static func wrongLength(_ index: Int, _ count: Int, _ channels: Int) -> JSONError {
        JSONError(.wrongType, "values[\(index)]: \(count) values for \(channels) channels")
    }
}
