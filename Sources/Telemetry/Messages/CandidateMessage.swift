public import JSON

/// A student that a distiller offers to the registry; its zstd frame follows on `chunk/`.
public struct CandidateMessage: MessagePayload {
    public var t: Double
    public var model: String
    /// SHA-256 of the student file.
    public var digest: String
    /// Bytes of the student file.
    public var size: Int
    public var content: ChunkedBytes
    public var job: String
    public var distiller: String
    /// Digest of the student it was warm-started from.
    public var base: String?
    /// Free-form evaluation report: `teacher`, `student`, `seconds`, ...
    public var report: JSONObject

    public init(
        t: Double, model: String, digest: String, size: Int, content: ChunkedBytes, job: String, distiller: String,
        base: String? = nil, report: JSONObject = [:]
    ) {
        self.t = t
        self.model = model
        self.digest = digest
        self.size = size
        self.content = content
        self.job = job
        self.distiller = distiller
        self.base = base
        self.report = report
    }

    public init(json: JSONValue) throws(JSONError) {
        let reader = try JSONObjectReader(json)
        t = try reader.time("t")
        model = try reader.string("model")
        digest = try reader.string("digest")
        size = try reader.positive("size")
        guard Slug.isValid(model), ChunkedBytes.isDigest(digest) else {
            throw JSONError(.wrongType, "model, digest: a slug and 64 hexadecimal digits are needed")
        }
        content = try ChunkedBytes(reader: reader)
        job = try reader.string("job")
        distiller = try reader.string("distiller")
        base = try reader.optionalString("base")
        report = try reader.optionalObject("report")?.object ?? [:]
    }

    public var json: JSONValue {
        var object: JSONObject = [
            "t": .time(t), "model": .string(model), "digest": .string(digest), "size": .count(size),
        ]
        content.write(to: &object)
        object["job"] = .string(job)
        object["distiller"] = .string(distiller)
        object["base"] = base.map(JSONValue.string)
        object["report"] = .object(report)
        return .object(object)
    }
}

/// The registry's answer to a candidate.
public struct CandidateResult: MessagePayload {
    public enum State: String, Sendable, CaseIterable { case accepted, refused }

    public var t: Double
    public var digest: String
    public var state: State
    /// Where accepted.
    public var version: Int?
    /// Where refused.
    public var reason: String?

    public init(t: Double, digest: String, state: State, version: Int? = nil, reason: String? = nil) {
        self.t = t
        self.digest = digest
        self.state = state
        self.version = version
        self.reason = reason
    }

    public init(json: JSONValue) throws(JSONError) {
        let reader = try JSONObjectReader(json)
        t = try reader.time("t")
        digest = try reader.string("digest")
        state = try reader.word("state")
        version = try reader.optionalInteger("version")
        reason = try reader.optionalString("reason")
    }

    public var json: JSONValue {
        var object: JSONObject = ["t": .time(t), "digest": .string(digest), "state": .string(state.rawValue)]
        object["version"] = version.map(JSONValue.count)
        object["reason"] = reason.map(JSONValue.string)
        return .object(object)
    }
}
