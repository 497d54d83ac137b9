/// Which chunks to broadcast when: a synchronous state machine that merges what several edges need.
///
/// The first request for a frame opens a short wait in which others join; then each chunk goes out once, in order.
/// A chunk that is still to be sent is not queued again, and one that has just gone out neither: requests cross it on their
/// way, and who still lacks it asks again.
struct ChunkSchedule {
    /// What to do now.
    enum Step: Equatable {
        case idle
        /// Nothing is due for so many seconds.
        case wait(seconds: Double)
        case send(frame: String, index: Int)
    }

    /// How a request was taken.
    enum Outcome: Equatable {
        /// So many chunks were added to what is to be sent.
        case taken(Int)
        /// A range reaches beyond the frame.
        case outOfRange
        /// Too much is waiting already; the edge will ask again.
        case full
    }

    private struct Frame {
        var digest: String
        var due: Double
        /// Ascending.
        var waiting: [Int]
    }

    private let mergeSeconds: Double
    private let limit: Int
    /// In the order of their first request.
    private var frames: [Frame] = []
    private(set) var depth = 0
    /// When chunks went out, by frame; only those of the last wait count.
    private var sent: [String: [Int: Double]] = [:]

    /// - Parameter limit: chunks waiting at once.
    init(mergeSeconds: Double, limit: Int = 65_536) {
        self.mergeSeconds = mergeSeconds
        self.limit = limit
    }

    /// - Parameter chunks: chunks that the frame has.
    mutating func add(frame digest: String, ranges: [Range<Int>], chunks: Int, now: Double) -> Outcome {
        guard ranges.allSatisfy({ $0.lowerBound >= 0 && $0.upperBound <= chunks }) else { return .outOfRange }
        let wanted = ranges.reduce(into: Set<Int>()) { $0.formUnion($1) }
        let at = frames.firstIndex { $0.digest == digest }
        let justSent = sent[digest, default: [:]].filter { now - $0.value < mergeSeconds }
        sent[digest] = justSent.isEmpty ? nil : justSent
        let fresh = wanted.subtracting(at.map { frames[$0].waiting } ?? []).subtracting(justSent.keys)
        guard !fresh.isEmpty else { return .taken(0) }
        guard depth + fresh.count <= limit else { return .full }
        if let at {
            frames[at].waiting = (frames[at].waiting + fresh).sorted()
        } else {
            frames.append(Frame(digest: digest, due: now + mergeSeconds, waiting: fresh.sorted()))
        }
        depth += fresh.count
        return .taken(fresh.count)
    }

    mutating func next(now: Double) -> Step {
        guard let first = frames.indices.min(by: { frames[$0].due < frames[$1].due }) else { return .idle }
        guard frames[first].due <= now else { return .wait(seconds: frames[first].due - now) }
        let index = frames[first].waiting.removeFirst()
        let digest = frames[first].digest
        depth -= 1
        sent[digest, default: [:]][index] = now
        if frames[first].waiting.isEmpty { frames.remove(at: first) }
        return .send(frame: digest, index: index)
    }

    /// Drops what is waiting of a frame that is offered no more.
    mutating func drop(frame digest: String) {
        sent[digest] = nil
        guard let at = frames.firstIndex(where: { $0.digest == digest }) else { return }
        depth -= frames[at].waiting.count
        frames.remove(at: at)
    }
}
