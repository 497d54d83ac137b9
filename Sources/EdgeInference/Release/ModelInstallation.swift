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
        /// The desired student still stands in the other slot.
        case restoring
        /// The desired release was refused; another may come.
        case refused
    }

    enum Action: Sendable, Equatable {
        /// Reserve space for the offer, subscribe to its chunks, then say what is missing.
        case collect(OfferMessage)
        /// Switch to the student in the other slot.
        case restore
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
    /// The student in the other slot.
    private(set) var previous: Running?
    private(set) var desired: Release?
    private(set) var phase = Phase.idle
    private(set) var refusals: [InstalledMessage.Refusal] = []
    /// How the running student came.
    private(set) var receipt: UpdateReceipt?
    /// Whether the running student has yet to prove itself.
    private(set) var isOnProbation = false
    /// Why students that did badly here are not installed again, by digest.
    private var returns: [String: String] = [:]
    /// Bytes of a whole file that may be fetched now.
    var fullAllowance = Int.max
    /// What is said where that is not enough.
    private let fullPolicy: String
    /// Whether only the whole file would do, and it may not be fetched.
    private(set) var isHeld = false
    private var seen = 0.0
    private var missing: [Range<Int>] = []
    private(set) var have = 0
    private var badChunks = 0
    private var repeated = 0
    private var nextNeed: Double?
    private var attempts = 0
    /// Frames that led to nothing.
    private var failedFrames: Set<String> = []
    /// Why only the whole file counts, where an update has failed.
    private var fullReason: String?
    /// Why the download under way is of the whole file, where something runs.
    private var receiptReason: String?

    /// - Parameter fullPolicy: the setting that ``fullAllowance`` comes from, for people.
    init(running: Running?, previous: Running?, pace: Pace, fullPolicy: String = "always") {
        self.running = running
        self.previous = previous
        self.pace = pace
        self.fullPolicy = fullPolicy
    }

    /// Takes over what the journal knows of the running student.
    mutating func resume(_ journal: SlotJournal) {
        receipt = journal.activeEntry?.receipt
        isOnProbation = journal.probationStarts != nil
        returns = journal.returns.reduce(into: [:]) { $0[$1.digest] = $1.reason }
        for entry in journal.returns { note(entry.version, entry.reason) }
    }

    /// What an offer must start from.
    private var base: String { fullReason != nil ? "none" : running?.digest ?? "none" }

    // MARK: What is desired

    mutating func desire(_ release: Release?, offers: OfferBook, now: Double) -> [Action] {
        guard release != desired else { return [] }
        desired = release
        var actions = leave()
        (attempts, badChunks, repeated, fullReason, isHeld) = (0, 0, 0, nil, false)
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
        if let reason = returns[release.digest] {
            refuse(release.version, reason)
            return actions
        }
        if release.digest == previous?.digest {
            phase = .restoring
            return actions + [.restore]
        }
        return actions + seek(offers, now: now)
    }

    private mutating func seek(_ offers: OfferBook, now: Double) -> [Action] {
        phase = .seeking
        attempts = 0
        nextNeed = now + pace.delay * pace.random()
        return look(offers, now: now)
    }

    /// Whether nothing is under way.
    var isSettled: Bool { phase == .idle || phase == .refused }

    /// Ends a download that is under way.
    private mutating func leave() -> [Action] {
        nextNeed = nil
        switch phase {
        case .collecting(let offer), .verifying(let offer): return [.abandon(frame: offer.content.frame)]
        case .idle, .seeking, .restoring, .refused: return []
        }
    }

    private mutating func refuse(_ version: Int, _ reason: String) {
        phase = .refused
        note(version, reason)
    }

    /// Remembers why a version is not installed, or not as it should be.
    ///
    /// - Returns: whether that is news.
    @discardableResult
    mutating func note(_ version: Int, _ reason: String) -> Bool {
        let refusal = InstalledMessage.Refusal(version: version, reason: String(reason.prefix(300)))
        guard !refusals.contains(refusal) else { return false }
        refusals.append(refusal)
        if refusals.count > Self.refusalLimit { refusals.removeFirst() }
        return true
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
                offer.content != current.content
            else { return [] }
            phase = .seeking
            return [.abandon(frame: current.content.frame)] + look(offers, now: now)
        default: return []
        }
        var found = offers.offer(base: base, target: desired.digest)
        var reason = fullReason
        if found == nil, running != nil, attempts >= Self.patience {
            found = offers.offer(base: "none", target: desired.digest)
            reason = "no update was offered from version \(running?.version ?? 0)"
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
        // An update may be the whole file too, where nothing smaller could be made.
        let isFull = offer.method == "full"
        if isFull, offer.content.bytes > fullAllowance {
            let isNews = note(
                desired.version,
                (reason.map { $0 + "; " } ?? "") + "the whole file has \(offer.content.bytes) bytes, more than "
                    + "edge.update.full=\(fullPolicy) allows now")
            defer { isHeld = true }
            return isNews || !isHeld ? [.report] : []
        }
        receiptReason = running != nil && isFull ? reason ?? "no update is smaller" : nil
        phase = .collecting(offer)
        isHeld = false
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

    /// A chunk came that was there already.
    mutating func receivedAgain() { repeated += 1 }

    /// A chunk was not what was offered.
    ///
    /// - Returns: what follows, and whether the offer is to be given up.
    mutating func receivedBadChunk(_ reason: String) -> (actions: [Action], isHopeless: Bool) {
        guard case .collecting(let offer) = phase else { return ([], false) }
        badChunks += 1
        repeated += 1
        return (note(offer.version, reason) ? [.report] : [], badChunks >= Self.badChunkLimit)
    }

    /// Every chunk is there.
    mutating func collected() -> [Action] {
        guard case .collecting(let offer) = phase else { return [] }
        phase = .verifying(offer)
        nextNeed = nil
        return [.report]
    }

    // MARK: Results

    /// What is to be said of an update that is about to be switched to.
    func receipt(for offer: OfferMessage, now: Double) -> UpdateReceipt {
        UpdateReceipt(
            base: offer.base, method: offer.method, bytes: offer.content.bytes, chunks: offer.content.chunks.count,
            repeated: repeated, seconds: max(0, now - seen), reason: receiptReason)
    }

    /// A student was switched to. What is desired may have changed meanwhile.
    ///
    /// - Parameter journal: what the slots hold now.
    mutating func installed(from offer: OfferMessage, _ journal: SlotJournal) -> [Action] {
        take(journal)
        guard phase == .verifying(offer) else { return [.report] }
        phase = .idle
        return [.abandon(frame: offer.content.frame), .report]
    }

    private mutating func take(_ journal: SlotJournal) {
        running = journal.activeEntry.map { Running(version: $0.version, digest: $0.digest) }
        previous = journal.otherEntry.map { Running(version: $0.version, digest: $0.digest) }
        resume(journal)
    }

    /// The student in the other slot was switched to, because it is desired.
    mutating func restored(_ journal: SlotJournal, now: Double) -> [Action] {
        take(journal)
        receipt = UpdateReceipt(
            base: "none", method: "kept", bytes: 0, chunks: 0, repeated: 0, seconds: max(0, now - seen))
        if phase == .restoring { phase = .idle }
        return [.report]
    }

    /// The student in the other slot cannot be used, so the desired one is fetched.
    mutating func cannotRestore(_ reason: String, offers: OfferBook, now: Double) -> [Action] {
        guard phase == .restoring, let desired else { return [] }
        previous = nil
        note(desired.version, "the student kept on disk cannot be used: \(reason)")
        return [.report] + seek(offers, now: now)
    }

    /// The running student has proven itself.
    mutating func proven() -> [Action] {
        isOnProbation = false
        return [.report]
    }

    /// The running student did badly, and the one before runs again. Whatever else is desired goes on from that.
    mutating func returned(_ journal: SlotJournal, offers: OfferBook, now: Double) -> [Action] {
        take(journal)
        let actions = leave() + [.report]
        phase = .idle
        guard let desired, desired.digest != running?.digest else { return actions }
        guard returns[desired.digest] == nil else {
            phase = .refused
            return actions
        }
        return actions + seek(offers, now: now)
    }

    /// The download or what it led to cannot be used.
    ///
    /// - Parameter isRetriable: the edge's own trouble, such as a full disk: tried again later.
    mutating func failed(_ reason: String, isRetriable: Bool, offers: OfferBook, now: Double) -> [Action] {
        let offer: OfferMessage
        switch phase {
        case .collecting(let current), .verifying(let current): offer = current
        case .idle, .seeking, .restoring, .refused: return []
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
        if offer.base != "none" {
            fullReason = "the \(offer.method) update failed: \(reason)"
            note(offer.version, "\(offer.method) update: \(reason); the whole file is needed")
            actions += seek(offers, now: now)
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
            // The offer of a whole file that may not be fetched is known already.
            if isHeld && base == "none" { return found }
            return found + [.need(base: base, target: desired.digest, frame: nil, missing: [])]
        case .collecting(let offer):
            nextNeed = now + wait
            attempts += 1
            return [.need(base: offer.base, target: offer.target, frame: offer.content.frame, missing: missing)]
        case .idle, .verifying, .restoring, .refused:
            nextNeed = nil
            return []
        }
    }
}
