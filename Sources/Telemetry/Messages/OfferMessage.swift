public import JSON

/// How an edge that runs `base` gets to `target`: the topic names both by student digest (base may be `none`).
public struct OfferMessage: MessagePayload {
    public var t: Double
    public var model: String
    /// Digest of the base student file, or `none`.
    public var base: String
    /// Digest of the target student file.
    public var target: String
    public var version: Int
    /// `full`, `prefix` or `residual`: the update format's methods.
    public var method: String
    public var content: ChunkedBytes

    public init(
        t: Double, model: String, base: String, target: String, version: Int, method: String, content: ChunkedBytes
    ) {
        self.t = t
        self.model = model
        self.base = base
        self.target = target
        self.version = version
        self.method = method
        self.content = content
    }

    public init(json: JSONValue) throws(JSONError) {
        let reader = try JSONObjectReader(json)
        t = try reader.time("t")
        model = try reader.string("model")
        base = try reader.string("base")
        target = try reader.string("target")
        guard base == "none" || ChunkedBytes.isDigest(base), ChunkedBytes.isDigest(target) else {
            throw JSONError(.wrongType, "base, target: 64 lower-case hexadecimal digits are needed")
        }
        version = try reader.positive("version")
        method = try reader.string("method")
        content = try ChunkedBytes(reader: reader)
    }

    public var json: JSONValue {
        var object: JSONObject = [
            "t": .time(t), "model": .string(model), "base": .string(base), "target": .string(target),
            "version": .count(version), "method": .string(method),
        ]
        content.write(to: &object)
        return .object(object)
    }
}

/// An edge's request for chunks.
public struct NeedMessage: MessagePayload {
    public var t: Double
    public var model: String
    public var edge: String
    /// Digest of the base student the edge runs, or `none`.
    public var base: String
    /// Digest of the student wanted.
    public var target: String
    /// Digest of the frame offered; absent while no offer for (base, target) has been seen: asks for one.
    public var frame: String?
    /// Missing chunks as half-open ranges.
    public var missing: [Range<Int>]

    public init(
        t: Double, model: String, edge: String, base: String, target: String, frame: String?, missing: [Range<Int>]
    ) {
        self.t = t
        self.model = model
        self.edge = edge
        self.base = base
        self.target = target
        self.frame = frame
        self.missing = missing
    }

    public init(json: JSONValue) throws(JSONError) {
        let reader = try JSONObjectReader(json)
        t = try reader.time("t")
        model = try reader.string("model")
        edge = try reader.string("edge")
        base = try reader.string("base")
        target = try reader.string("target")
        frame = try reader.optionalString("frame")
        missing = []
        for element in try reader.optionalElements("missing") ?? [] {
            guard let pair = element.numberArray, pair.count == 2, let from = Int(exactly: pair[0]),
                let to = Int(exactly: pair[1]), from >= 0, from < to, to <= 1 << 20
            else { throw JSONError(.wrongType, "missing: each range is [from, to) with 0 <= from < to") }
            missing.append(from..<to)
        }
    }

    public var json: JSONValue {
        var object: JSONObject = [
            "t": .time(t), "model": .string(model), "edge": .string(edge), "base": .string(base),
            "target": .string(target),
        ]
        object["frame"] = frame.map(JSONValue.string)
        object["missing"] = .array(missing.map { .numbers([Double($0.lowerBound), Double($0.upperBound)]) })
        return .object(object)
    }
}
