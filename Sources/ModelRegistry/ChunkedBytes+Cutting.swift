import ModelArtifact
import Telemetry

extension ChunkedBytes {
    /// Cuts bytes into chunks and hashes each.
    ///
    /// - Precondition: `bytes` is not empty.
    init(cutting bytes: [UInt8], chunkSize: Int) {
        precondition(!bytes.isEmpty, "nothing is not offered")
        self.init(
            frame: ContentDigest(of: bytes).hex, bytes: bytes.count, chunkSize: chunkSize,
            chunks: (0..<(bytes.count + chunkSize - 1) / chunkSize).map { index in
                ContentDigest(of: Array(bytes[Self.range(index, bytes: bytes.count, chunkSize: chunkSize)])).hex
            })
    }

    /// The bytes that a chunk covers.
    func range(_ index: Int) -> Range<Int> { Self.range(index, bytes: bytes, chunkSize: chunkSize) }

    private static func range(_ index: Int, bytes: Int, chunkSize: Int) -> Range<Int> {
        index * chunkSize..<min(bytes, (index + 1) * chunkSize)
    }
}
