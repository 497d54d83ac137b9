public import JSON

/// What is desired on a channel, for people to read; edges trust only `trust/`.
public struct ReleaseMessage: MessagePayload {
    public var t: Double
    public var model: String
    public var version: Int
    public var previous: Int?
    /// SHA-256 and bytes of the student file.
    public var digest: String
    public var size: Int
    public var parameters: Int
    public var multiplyAccumulates: Int
    /// Bytes of the full file in zstd.
    public var compressedBytes: Int
    /// The candidate's evaluation report.
    public var report: JSONObject

    public init(
        t: Double, model: String, version: Int, previous: Int?, digest: String, size: Int, parameters: Int,
        multiplyAccumulates: Int, compressedBytes: Int, report: JSONObject
    ) {
        self.t = t
        self.model = model
        self.version = version
        self.previous = previous
        self.digest = digest
        self.size = size
        self.parameters = parameters
        self.multiplyAccumulates = multiplyAccumulates
        self.compressedBytes = compressedBytes
        self.report = report
    }

    public init(json: JSONValue) throws(JSONError) {
        let reader = try JSONObjectReader(json)
        t = try reader.time("t")
        model = try reader.string("model")
        version = try reader.positive("version")
        previous = try reader.optionalInteger("previous")
        digest = try reader.string("digest")
        size = try reader.positive("size")
        parameters = try reader.positive("parameters")
        multiplyAccumulates = try reader.positive("macs")
        compressedBytes = try reader.positive("compressedBytes")
        report = try reader.optionalObject("report")?.object ?? [:]
    }

    public var json: JSONValue {
        var object: JSONObject = ["t": .time(t), "model": .string(model), "version": .count(version)]
        object["previous"] = previous.map(JSONValue.count)
        object["digest"] = .string(digest)
        object["size"] = .count(size)
        object["parameters"] = .count(parameters)
        object["macs"] = .count(multiplyAccumulates)
        object["compressedBytes"] = .count(compressedBytes)
        object["report"] = .object(report)
        return .object(object)
    }
}
