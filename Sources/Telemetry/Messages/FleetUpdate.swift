public import JSON

/// What one update of one edge took, as the edge reported it.
public struct FleetUpdate: MessagePayload {
    public var t: Double
    public var edge: EdgeID
    public var model: String
    /// The version that ran before, where one did.
    public var from: Int?
    public var to: Int
    /// SHA-256 of the student file that runs now.
    public var digest: String?
    /// How it travelled; `kept` where it still stood on the edge's disk.
    public var method: String?
    /// Digest of the student that the update started from, or `none`.
    public var base: String?
    public var bytes: Int?
    /// Bytes of the whole student in zstd: what a full download would have moved.
    public var fullBytes: Int?
    public var chunks: Int?
    /// Chunks that came more often than needed, or not as offered.
    public var repeated: Int?
    /// From the first sight of the release to the switch.
    public var seconds: Double?
    /// Why an edge that ran something took the whole file.
    public var reason: String?

    public init(
        t: Double, edge: EdgeID, model: String, from: Int? = nil, to: Int, digest: String? = nil,
        method: String? = nil, base: String? = nil, bytes: Int? = nil, fullBytes: Int? = nil, chunks: Int? = nil,
        repeated: Int? = nil, seconds: Double? = nil, reason: String? = nil
    ) {
        self.t = t
        self.edge = edge
        self.model = model
        self.from = from
        self.to = to
        self.digest = digest
        self.method = method
        self.base = base
        self.bytes = bytes
        self.fullBytes = fullBytes
        self.chunks = chunks
        self.repeated = repeated
        self.seconds = seconds
        self.reason = reason
    }

    public init(json: JSONValue) throws(JSONError) {
        let reader = try JSONObjectReader(json)
        t = try reader.time("t")
        edge = EdgeID(site: try reader.string("site"), edge: try reader.string("edge"))
        model = try reader.string("model")
        from = try reader.optionalInteger("from")
        to = try reader.integer("to")
        digest = try reader.optionalString("digest")
        method = try reader.optionalString("method")
        base = try reader.optionalString("base")
        bytes = try reader.optionalInteger("bytes")
        fullBytes = try reader.optionalInteger("fullBytes")
        chunks = try reader.optionalInteger("chunks")
        repeated = try reader.optionalInteger("repeated")
        seconds = try reader.optionalNumber("seconds")
        reason = try reader.optionalString("reason")
    }

    public var json: JSONValue {
        var object: JSONObject = [
            "t": .time(t), "site": .string(edge.site), "edge": .string(edge.edge), "model": .string(model),
        ]
        object["from"] = from.map(JSONValue.count)
        object["to"] = .count(to)
        object["digest"] = digest.map(JSONValue.string)
        object["method"] = method.map(JSONValue.string)
        object["base"] = base.map(JSONValue.string)
        object["bytes"] = bytes.map(JSONValue.count)
        object["fullBytes"] = fullBytes.map(JSONValue.count)
        object["chunks"] = chunks.map(JSONValue.count)
        object["repeated"] = repeated.map(JSONValue.count)
        object["seconds"] = seconds.map { JSONValue($0, places: 3) }
        object["reason"] = reason.map(JSONValue.string)
        return .object(object)
    }
}
