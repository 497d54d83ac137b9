public import JSON

/// How bytes are cut into messages on `chunk/{frame}/{i}`, and what each must hash to.
public struct ChunkedBytes: Sendable, Equatable {
    /// Under any broker's packet limit.
    public static let defaultChunkSize = 16_384

    /// SHA-256 of all the bytes, hexadecimal: the `{digest}` of the chunks' topics.
    public var frame: String
    public var bytes: Int
    public var chunkSize: Int
    /// SHA-256 of each chunk, hexadecimal.
    public var chunks: [String]

    public init(frame: String, bytes: Int, chunkSize: Int, chunks: [String]) {
        self.frame = frame
        self.bytes = bytes
        self.chunkSize = chunkSize
        self.chunks = chunks
    }

    /// Reads the four keys of an enclosing message, and checks that they agree.
    public init(reader: JSONObjectReader) throws(JSONError) {
        frame = try reader.string("frame")
        bytes = try reader.positive("bytes")
        chunkSize = try reader.positive("chunkSize")
        chunks = try reader.strings("chunks")
        guard chunkSize <= 1 << 20, bytes <= 1 << 30, chunks.count == (bytes + chunkSize - 1) / chunkSize else {
            throw JSONError(.wrongType, "chunks: \(chunks.count) hashes do not cover \(bytes) bytes of \(chunkSize)")
        }
        guard ([frame] + chunks).allSatisfy(Self.isDigest) else {
            throw JSONError(.wrongType, "frame, chunks: 64 lower-case hexadecimal digits are needed")
        }
    }

    public static func isDigest(_ text: String) -> Bool {
        text.utf8.count == 64 && text.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
    }

    func write(to object: inout JSONObject) {
        object["frame"] = .string(frame)
        object["bytes"] = .count(bytes)
        object["chunkSize"] = .count(chunkSize)
        object["chunks"] = .array(chunks.map(JSONValue.string))
    }
}
