public import JSON

/// A person's wish that an earlier version be released again.
public struct RollbackRequest: MessagePayload {
    public var t: Double
    /// Named, so that the same request twice is one.
    public var version: Int

    public init(t: Double, version: Int) {
        self.t = t
        self.version = version
    }

    public init(json: JSONValue) throws(JSONError) {
        let reader = try JSONObjectReader(json)
        t = try reader.time("t")
        version = try reader.positive("version")
    }

    public var json: JSONValue { .object(["t": .time(t), "version": .count(version)]) }
}
