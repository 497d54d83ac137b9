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
    /// Of the download under way, or of the last one.
    public var method: String?
    public var bytes: Int?
    public var chunksHave: Int?
    public var chunks: Int?
    /// From the first sight of the desired release to the switch.
    public var seconds: Double?
    public var refused: [Refusal]

    public init(
        t: Double, state: State, running: Int? = nil, digest: String? = nil, desired: Int? = nil, previous: Int? = nil,
        method: String? = nil, bytes: Int? = nil, chunksHave: Int? = nil, chunks: Int? = nil, seconds: Double? = nil,
        refused: [Refusal] = []
    ) {
        self.t = t
        self.state = state
        self.running = running
        self.digest = digest
        self.desired = desired
        self.previous = previous
        self.method = method
        self.bytes = bytes
        self.chunksHave = chunksHave
        self.chunks = chunks
        self.seconds = seconds
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
        method = try reader.optionalString("method")
        bytes = try reader.optionalInteger("bytes")
        chunksHave = try reader.optionalInteger("chunksHave")
        chunks = try reader.optionalInteger("chunks")
        seconds = try reader.optionalNumber("seconds")
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
        object["method"] = method.map(JSONValue.string)
        object["bytes"] = bytes.map(JSONValue.count)
        object["chunksHave"] = chunksHave.map(JSONValue.count)
        object["chunks"] = chunks.map(JSONValue.count)
        object["seconds"] = seconds.map { JSONValue($0, places: 3) }
        object["refused"] = .array(
            refused.map { .object(["version": .count($0.version), "reason": .string($0.reason)]) })
        return .object(object)
    }
}
