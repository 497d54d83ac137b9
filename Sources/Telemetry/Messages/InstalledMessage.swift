public import JSON

/// What an edge runs, wants, and how far it is.
public struct InstalledMessage: MessagePayload {
    public enum State: String, Sendable, CaseIterable {
        /// Nothing desired yet, or metadata still incomplete.
        case waiting
        case downloading, verifying, running
        /// The desired version was refused; `refused` says why.
        case refused
    }

    /// A version that this edge would not install.
    public struct Refusal: Sendable, Equatable {
        public var version: Int
        public var reason: String
        public init(version: Int, reason: String) {
            self.version = version
            self.reason = reason
        }
    }

    public var t: Double
    public var state: State
    public var running: Int?
    /// Digest of the running student file: the base for the next delta.
    public var digest: String?
    public var desired: Int?
    public var previous: Int?
    /// While `running` has yet to prove itself beside `previous`.
    public var isOnProbation: Bool
    /// Of the download under way; of the running student, its receipt. `kept` is one that still stood on disk.
    public var method: String?
    /// Digest of the student that the update starts from, or `none`.
    public var base: String?
    public var bytes: Int?
    public var chunksHave: Int?
    public var chunks: Int?
    /// Chunks that came more often than needed, or not as offered.
    public var repeated: Int?
    /// From the first sight of the desired release to the switch.
    public var seconds: Double?
    /// Why an edge that ran something took the whole file.
    public var reason: String?
    /// Versions that are not installed, and what went wrong with others.
    public var refused: [Refusal]

    public init(
        t: Double, state: State, running: Int? = nil, digest: String? = nil, desired: Int? = nil, previous: Int? = nil,
        isOnProbation: Bool = false, method: String? = nil, base: String? = nil, bytes: Int? = nil,
        chunksHave: Int? = nil, chunks: Int? = nil, repeated: Int? = nil, seconds: Double? = nil, reason: String? = nil,
        refused: [Refusal] = []
    ) {
        self.t = t
        self.state = state
        self.running = running
        self.digest = digest
        self.desired = desired
        self.previous = previous
        self.isOnProbation = isOnProbation
        self.method = method
        self.base = base
        self.bytes = bytes
        self.chunksHave = chunksHave
        self.chunks = chunks
        self.repeated = repeated
        self.seconds = seconds
        self.reason = reason
        self.refused = refused
    }

    public init(json: JSONValue) throws(JSONError) {
        let reader = try JSONObjectReader(json)
        t = try reader.time("t")
        state = try reader.word("state")
        running = try reader.optionalInteger("running")
        digest = try reader.optionalString("digest")
        desired = try reader.optionalInteger("desired")
        previous = try reader.optionalInteger("previous")
        isOnProbation = try reader.optionalBool("probation") ?? false
        method = try reader.optionalString("method")
        base = try reader.optionalString("base")
        bytes = try reader.optionalInteger("bytes")
        chunksHave = try reader.optionalInteger("chunksHave")
        chunks = try reader.optionalInteger("chunks")
        repeated = try reader.optionalInteger("repeated")
        seconds = try reader.optionalNumber("seconds")
        reason = try reader.optionalString("reason")
        refused = []
        for (index, element) in (try reader.optionalElements("refused") ?? []).enumerated() {
            let refusal = try JSONObjectReader(element, path: "refused[\(index)]")
            refused.append(
                Refusal(version: try refusal.integer("version"), reason: try refusal.string("reason")))
        }
    }

    public var json: JSONValue {
        var object: JSONObject = ["t": .time(t), "state": .string(state.rawValue)]
        object["running"] = running.map(JSONValue.count)
        object["digest"] = digest.map(JSONValue.string)
        object["desired"] = desired.map(JSONValue.count)
        object["previous"] = previous.map(JSONValue.count)
        if isOnProbation { object["probation"] = .bool(true) }
        object["method"] = method.map(JSONValue.string)
        object["base"] = base.map(JSONValue.string)
        object["bytes"] = bytes.map(JSONValue.count)
        object["chunksHave"] = chunksHave.map(JSONValue.count)
        object["chunks"] = chunks.map(JSONValue.count)
        object["repeated"] = repeated.map(JSONValue.count)
        object["seconds"] = seconds.map { JSONValue($0, places: 3) }
        object["reason"] = reason.map(JSONValue.string)
        object["refused"] = .array(
            refused.map { .object(["version": .count($0.version), "reason": .string($0.reason)]) })
        return .object(object)
    }
}
