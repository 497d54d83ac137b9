public import JSON

/// When a version of a model decided.
public struct VersionSpan: MessagePayload {
    public var model: String
    public var version: Int
    /// Wall time of the first hour and the end of the last one in which it decided.
    public var from: Double
    public var to: Double
    public var windows: Int

    public init(model: String, version: Int, from: Double, to: Double, windows: Int) {
        self.model = model
        self.version = version
        self.from = from
        self.to = to
        self.windows = windows
    }

    public init(json: JSONValue) throws(JSONError) {
        let reader = try JSONObjectReader(json)
        model = try reader.string("model")
        version = try reader.positive("version")
        from = try reader.time("from")
        to = try reader.time("to")
        windows = try reader.tally("windows")
    }

    public var json: JSONValue {
        .object([
            "model": .string(model), "version": .count(version), "from": .time(from), "to": .time(to),
            "windows": .count(windows),
        ])
    }
}
