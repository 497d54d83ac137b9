import ModelArtifact
import Telemetry

/// One model's way from what is desired to what runs: a state machine without I/O, which tells what to do.
struct ModelInstallation: Sendable {
    struct Release: Sendable, Equatable {
        var version: Int
        var digest: String
        /// Bytes of the student file, as signed.
        var length: Int
        var isRollback: Bool
    }

    struct Running: Sendable, Equatable {
        var version: Int
        var digest: String
    }

    enum Phase: Sendable, Equatable {
        case idle
        /// No offer that would do has been seen.
        case seeking
        case collecting(OfferMessage)
        case verifying(OfferMessage)
        /// The desired release was refused; another may come.
        case refused
    }

    enum Action: Sendable, Equatable {
        /// Reserve space for the offer, subscribe to its chunks, then say what is missing.
        case collect(OfferMessage)
        /// Give up the download of a frame.
        case abandon(frame: String)
        /// Ask for chunks, or for an offer.
        case need(base: String, target: String, frame: String?, missing: [Range<Int>])
        /// What is said of this model has changed.
        case report
    }

    /// How soon and how often to ask.
    struct Pace: Sendable {
        var delay: Double
        var retry: Double
        var retryLimit: Double
        /// A number in [0, 1).
        var random: @Sendable () -> Double
    }

    /// Chunks that did not hash as offered, after which an offer is not believed.
    static let badChunkLimit = 32
    /// Refusals remembered for people.
    private static let refusalLimit = 8
    /// Needs without an answer after which an edge that runs something takes the whole file.
    private static let patience = 2

    private let pace: Pace
    private(set) var running: Running?
    private(set) var previous: Int?
    private(set) var desired: Release?
    private(set) var phase = Phase.idle
    private(set) var refusals: [InstalledMessage.Refusal] = []
    /// Of the last download, for the receipt.
    private(set) var receipt: (method: String, bytes: Int, seconds: Double)?
    private var seen = 0.0
    private var missing: [Range<Int>] = []
    private(set) var have = 0
    private var badChunks = 0
    private var nextNeed: Double?
    private var attempts = 0
    /// Frames that led to nothing.
    private var failedFrames: Set<String> = []
    /// Whether an update has failed, so that only the whole file counts.
    private var wantsFull = false

    init(running: Running?, previous: Int?, pace: Pace) {
        self.running = running
        self.previous = previous
        self.pace = pace
    }

    /// What an offer must start from.
    private var base: String { wantsFull ? "none" : running?.digest ?? "none" }

    // MARK: What is desired

    mutating func desire(_ release: Release?, offers: OfferBook, now: Double) -> [Action] {
        guard release != desired else { return [] }
        desired = release
        var actions = leave()
        (attempts, badChunks, wantsFull, receipt) = (0, 0, false, nil)
        failedFrames = []
        seen = now
        phase = .idle
        actions.append(.report)
        guard let release, release.digest != running?.digest else { return actions }
        if let running, release.version <= running.version, !release.isRollback {
            refuse(
                release.version,
                "version \(release.version) is not newer than the running \(running.version), and no roll-back")
            return actions
        }
        phase = .seeking
        nextNeed = now + pace.delay * pace.random()
        return actions + look(offers, now: now)
    }

    /// Ends a download that is under way.
    private mutating func leave() -> [Action] {
        nextNeed = nil
        switch phase {
        case .collecting(let offer), .verifying(let offer): return [.abandon(frame: offer.content.frame)]
        case .idle, .seeking, .refused: return []
        }
    }

    private mutating func refuse(_ version: Int, _ reason: String) {
        phase = .refused
        note(version, reason)
    }

    /// Remembers why a version is not installed.
    mutating func note(_ version: Int, _ reason: String) {
        let refusal = InstalledMessage.Refusal(version: version, reason: String(reason.prefix(300)))
        guard !refusals.contains(refusal) else { return }
        refusals.append(refusal)
        if refusals.count > Self.refusalLimit { refusals.removeFirst() }
    }

    // MARK: Offers

    /// Looks for an offer that leads from what runs to what is desired.
    mutating func look(_ offers: OfferBook, now: Double) -> [Action] {
        guard let desired else { return [] }
        switch phase {
        case .seeking: break
        case .collecting(let current):
            // An offer made anew replaces its chunks too.
            guard let offer = offers.offer(base: current.base, target: current.target),
                offer.content.frame != current.content.frame
            else { return [] }
            phase = .seeking
            return [.abandon(frame: current.content.frame)] + look(offers, now: now)
        default: return []
        }
        var found = offers.offer(base: base, target: desired.digest)
        if found == nil, running != nil, attempts >= Self.patience {
            found = offers.offer(base: "none", target: desired.digest)
        }
        guard let offer = found, !failedFrames.contains(offer.content.frame) else { return [] }
        // Compressed bytes are never much more than what they unpack to.
        guard offer.content.bytes <= desired.length + desired.length / 64 + 4096 else {
            failedFrames.insert(offer.content.frame)
            note(
                desired.version,
                "the offer has \(offer.content.bytes) bytes for a student signed at \(desired.length)")
            return [.report]
        }
        phase = .collecting(offer)
        have = 0
        missing = [0..<offer.content.chunks.count]
        attempts = 0
        nextNeed = nil
        return [.collect(offer), .report]
    }

    // MARK: Chunks

    /// The chunks' subscription stands; what had been received before is known.
    mutating func subscribed(_ frame: String, have: Int, missing: [Range<Int>], now: Double) {
        guard case .collecting(let offer) = phase, offer.content.frame == frame else { return }
        self.have = have
        self.missing = missing
        nextNeed = now + pace.delay * pace.random()
    }

    /// Chunks came in, so others are likely to follow: asking waits.
    mutating func received(_ frame: String, have: Int, missing: [Range<Int>], now: Double) {
        guard case .collecting(let offer) = phase, offer.content.frame == frame else { return }
        self.have = have
        self.missing = missing
        attempts = 0
        nextNeed = now + pace.retry
    }

    /// A chunk was not what was offered.
    ///
    /// - Returns: whether the offer is to be given up.
    mutating func receivedBadChunk() -> Bool {
        badChunks += 1
        return badChunks >= Self.badChunkLimit
    }

    /// Every chunk is there.
    mutating func collected() -> [Action] {
        guard case .collecting(let offer) = phase else { return [] }
        phase = .verifying(offer)
        nextNeed = nil
        return [.report]
    }

    // MARK: Results

    /// A student was switched to. What is desired may have changed meanwhile.
    mutating func installed(_ installed: Running, from offer: OfferMessage, now: Double) -> [Action] {
        previous = running?.version
        running = installed
        guard phase == .verifying(offer) else { return [.report] }
        receipt = (offer.method, offer.content.bytes, max(0, now - seen))
        phase = .idle
        return [.abandon(frame: offer.content.frame), .report]
    }

    /// The download or what it led to cannot be used.
    ///
    /// - Parameter isRetriable: the edge's own trouble, such as a full disk: tried again later.
    mutating func failed(_ reason: String, isRetriable: Bool, offers: OfferBook, now: Double) -> [Action] {
        let offer: OfferMessage
        switch phase {
        case .collecting(let current), .verifying(let current): offer = current
        case .idle, .seeking, .refused: return []
        }
        var actions: [Action] = [.abandon(frame: offer.content.frame), .report]
        badChunks = 0
        if isRetriable {
            note(offer.version, reason)
            phase = .seeking
            attempts += 1
            nextNeed = now + wait
            return actions
        }
        failedFrames.insert(offer.content.frame)
        if offer.base != "none" && !wantsFull {
            note(offer.version, "\(offer.method) update: \(reason); taking the whole file")
            wantsFull = true
            phase = .seeking
            attempts = 0
            nextNeed = now + pace.delay * pace.random()
            actions += look(offers, now: now)
        } else {
            nextNeed = nil
            refuse(offer.version, reason)
        }
        return actions
    }

    // MARK: Time

    private var wait: Double {
        min(pace.retryLimit, pace.retry * Double(1 << min(attempts, 16)))
    }

    mutating func tick(offers: OfferBook, now: Double) -> [Action] {
        guard let due = nextNeed, now >= due, let desired else { return [] }
        switch phase {
        case .seeking:
            let found = look(offers, now: now)
            if phase != .seeking { return found }
            nextNeed = now + wait
            attempts += 1
            return found + [.need(base: base, target: desired.digest, frame: nil, missing: [])]
        case .collecting(let offer):
            nextNeed = now + wait
            attempts += 1
            return [.need(base: offer.base, target: offer.target, frame: offer.content.frame, missing: missing)]
        case .idle, .verifying, .refused:
            nextNeed = nil
            return []
        }
    }

    /// What is said of this model on the bus.
    func message(now: Double) -> InstalledMessage {
        var message = InstalledMessage(
            t: now, state: .waiting, running: running?.version, digest: running?.digest, desired: desired?.version,
            previous: previous, refused: refusals)
        switch phase {
        case .idle:
            message.state = running == nil ? .waiting : .running
            message.method = receipt?.method
            message.bytes = receipt?.bytes
            message.seconds = receipt?.seconds
        case .seeking: message.state = .downloading
        case .collecting(let offer), .verifying(let offer):
            if case .verifying = phase { message.state = .verifying } else { message.state = .downloading }
            message.method = offer.method
            message.bytes = offer.content.bytes
            message.chunksHave = have
            message.chunks = offer.content.chunks.count
        case .refused: message.state = .refused
        }
        return message
    }
}
