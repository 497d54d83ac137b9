import ModelArtifact
import Telemetry

/// Gathers the chunks of offered candidates: a synchronous state machine, bounded in candidates and bytes.
///
/// A candidate may be repeated any number of times; its chunks count once each. A chunk that does not hash to what the
/// candidate said is refused by itself, because anyone may have sent it; only too many of them end the candidate.
struct CandidateIntake {
    /// What to do after an event.
    enum Action: Equatable {
        /// Nothing, or wait for more chunks.
        case none
        /// The bytes of this topic cannot be used.
        case rejectChunk(code: String, reason: String)
        /// All chunks are there: judge the candidate.
        case judge(CandidateMessage, frame: [UInt8])
        /// The candidate ends here; answer so.
        case refuse(CandidateMessage, reason: String)
    }

    private struct Pending {
        var message: CandidateMessage
        var chunks: [[UInt8]?]
        var missing: Int
        var badChunks = 0
        /// Unix seconds of the first offer, and of the last chunk that was new.
        var lastProgress: Double
    }

    static let badChunkLimit = 16

    private let limit: Int
    private let timeout: Double
    /// By frame digest.
    private var pending: [String: Pending] = [:]

    /// - Parameters:
    ///   - limit: candidates awaited at once; a further one takes the place of the one idle for longest.
    ///   - timeout: seconds without a new chunk after which a candidate is refused.
    init(limit: Int, timeout: Double) {
        self.limit = limit
        self.timeout = timeout
    }

    /// Candidates that had to give way to others; their distillers repeat them.
    private(set) var displaced = 0

    /// Candidates awaited now.
    var count: Int { pending.count }

    /// Takes a candidate whose model has a task.
    ///
    /// - Returns: `.refuse` where its sizes already break the task's limits.
    mutating func offer(_ message: CandidateMessage, task: TaskDocument, now: Double) -> Action {
        if let known = pending[message.content.frame] {
            guard known.message.digest == message.digest, known.message.model == message.model,
                known.message.content == message.content
            else {
                return .refuse(message, reason: "another candidate with the same frame is being received")
            }
            return .none
        }
        guard message.size <= task.student.bytes else {
            return .refuse(
                message, reason: "the student has \(message.size) bytes; the task allows \(task.student.bytes)")
        }
        // No sound encoder makes more of the bytes than zstd's own bound.
        let bound = message.size + message.size / 128 + 1024
        guard message.content.bytes <= bound else {
            return .refuse(
                message,
                reason:
                    "the frame has \(message.content.bytes) bytes for a student of \(message.size); at most \(bound)")
        }
        if pending.count >= limit, let idlest = pending.min(by: { $0.value.lastProgress < $1.value.lastProgress }) {
            pending[idlest.key] = nil
            displaced += 1
        }
        let count = message.content.chunks.count
        pending[message.content.frame] = Pending(
            message: message, chunks: Array(repeating: nil, count: count), missing: count, lastProgress: now)
        return .none
    }

    /// Takes a chunk; those of unknown frames are nobody's fault (our own offers come back too).
    mutating func chunk(frame: String, index: Int, bytes: [UInt8], now: Double) -> Action {
        guard var entry = pending[frame] else { return .none }
        let content = entry.message.content
        guard content.chunks.indices.contains(index) else {
            return bad(&entry, code: "range", "chunk \(index) of \(content.chunks.count)")
        }
        let expected = content.range(index).count
        guard bytes.count == expected else {
            return bad(
                &entry, code: bytes.count > expected ? "oversize" : "truncated",
                "chunk \(index) has \(bytes.count) bytes instead of \(expected)")
        }
        guard entry.chunks[index] == nil else { return .none }
        guard ContentDigest(of: bytes).hex == content.chunks[index] else {
            return bad(&entry, code: "digest", "chunk \(index) has another digest than the candidate says")
        }
        entry.chunks[index] = bytes
        entry.missing -= 1
        entry.lastProgress = now
        guard entry.missing == 0 else {
            pending[frame] = entry
            return .none
        }
        pending[frame] = nil
        let joined = entry.chunks.flatMap { $0 ?? [] }
        guard ContentDigest(of: joined).hex == frame else {
            return .refuse(entry.message, reason: "the chunks together have another digest than the frame's")
        }
        return .judge(entry.message, frame: joined)
    }

    private mutating func bad(_ entry: inout Pending, code: String, _ reason: String) -> Action {
        entry.badChunks += 1
        guard entry.badChunks < Self.badChunkLimit else {
            pending[entry.message.content.frame] = nil
            return .refuse(entry.message, reason: "\(entry.badChunks) chunks did not fit, the last: \(reason)")
        }
        pending[entry.message.content.frame] = entry
        return .rejectChunk(code: code, reason: reason)
    }

    /// Candidates whose chunks stopped coming; they are forgotten.
    mutating func expire(now: Double) -> [(CandidateMessage, reason: String)] {
        let idle = pending.filter { now - $0.value.lastProgress > timeout }
        for key in idle.keys { pending[key] = nil }
        return idle.values.sorted { $0.lastProgress < $1.lastProgress }.map { entry in
            let count = entry.chunks.count
            return (
                entry.message,
                "only \(count - entry.missing) of \(count) chunks came; the last new one is \(Int(timeout)) s ago"
            )
        }
    }
}
