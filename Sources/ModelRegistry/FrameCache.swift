/// Frames whose chunks go out now, within a bound of bytes; the one that was used longest ago goes first.
struct FrameCache {
    private let limit: Int
    /// The most recently used last.
    private var frames: [(digest: String, bytes: [UInt8])] = []
    /// Bytes of all frames.
    private(set) var bytes = 0

    init(limit: Int) { self.limit = limit }

    mutating func find(_ digest: String) -> [UInt8]? {
        guard let index = frames.firstIndex(where: { $0.digest == digest }) else { return nil }
        if index < frames.count - 1 { frames.append(frames.remove(at: index)) }
        return frames.last?.bytes
    }

    /// Keeps a frame, also one beyond the bound, until others come.
    mutating func insert(_ frame: [UInt8], digest: String) {
        guard find(digest) == nil else { return }
        frames.append((digest, frame))
        bytes += frame.count
        while bytes > limit, frames.count > 1 { bytes -= frames.removeFirst().bytes.count }
    }
}
