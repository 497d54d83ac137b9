import JSON
import ModelArtifact
import Telemetry

/// The two places where a model's students stand on disk: one active, one that was or will be.
///
/// A student is written whole into the slot that is not active and flushed; only then the journal names it active, by
/// one rename. Power lost at any byte leaves the journal naming a complete student.
struct SlotStore: Sendable {
    typealias Slot = SlotJournal.Slot
    typealias Entry = SlotJournal.Entry

    /// Largest student file that is read back.
    static let limit = 64 << 20
    private static let journalName = "journal.json"

    let model: String
    private let directory: StateDirectory
    private(set) var journal: SlotJournal?
    /// Why the journal that was found could not be used.
    private(set) var damage: String?

    /// Reads the journal; one that cannot be read counts as none, and ``damage`` says why.
    ///
    /// - Throws: ``EdgeError`` `.storage` where the folder cannot be made.
    init(model: String, root: StateDirectory) throws(EdgeError) {
        precondition(Slug.isValid(model), "a model's name is a slug")
        self.model = model
        directory = try root.folder(model)
        do {
            guard let bytes = try directory.read(Self.journalName, limit: 65_536) else { return }
            journal = try SlotJournal(json: JSONValue(parsing: bytes))
        } catch {
            damage = "\(directory.file(Self.journalName)) is no journal: \(error)"
        }
    }

    /// The student file in a slot, whose digest is the journal's.
    ///
    /// - Throws: ``EdgeError`` `.damaged` where the file is missing or altered.
    func load(_ slot: Slot) throws(EdgeError) -> (entry: Entry, bytes: [UInt8]) {
        guard let entry = journal?.entries[slot] else {
            throw EdgeError(.damaged, "slot \(slot.rawValue) of \(model) is empty")
        }
        guard let bytes = try directory.read(Self.fileName(slot), limit: Self.limit) else {
            throw EdgeError(.damaged, "slot \(slot.rawValue) of \(model) has no file")
        }
        guard ContentDigest(of: bytes).hex == entry.digest else {
            throw EdgeError(.damaged, "slot \(slot.rawValue) of \(model) does not hold what was installed")
        }
        return (entry, bytes)
    }

    /// Puts a verified student into the slot that is not needed and makes that slot the active one.
    ///
    /// What is needed is the student that has proven itself: the active one, or the one before while that is on probation.
    ///
    /// - Parameter isOnProbation: whether the student has yet to prove itself against the one before.
    mutating func install(
        _ bytes: [UInt8], version: Int, digest: String, receipt: UpdateReceipt? = nil, isOnProbation: Bool = false
    ) throws(EdgeError) {
        var proven = journal?.active
        if let journal, journal.probationStarts != nil, journal.otherEntry != nil { proven = journal.active.other }
        let slot = proven?.other ?? .a
        var entries = journal?.entries ?? [:]
        if let proven, entries[slot] != nil {
            // The journal must not vouch for a file that is being replaced.
            entries[slot] = nil
            try write(SlotJournal(active: proven, entries: entries, returns: journal?.returns ?? []))
        }
        try directory.replace(Self.fileName(slot), with: bytes)
        entries[slot] = Entry(version: version, digest: digest, receipt: receipt)
        try write(
            SlotJournal(
                active: slot, entries: entries, probationStarts: isOnProbation ? 0 : nil,
                returns: journal?.returns ?? []))
        damage = nil
    }

    /// Makes the other slot the active one, where it holds a student; for this process also where the journal cannot be
    /// written.
    ///
    /// - Parameter reason: why the student that was active is not to be installed again, where it is not.
    mutating func fallBack(because reason: String? = nil) throws(EdgeError) {
        guard var journal, journal.otherEntry != nil else {
            throw EdgeError(.damaged, "\(model) has no other student to fall back to")
        }
        if let reason, let left = journal.activeEntry {
            journal.note(.init(version: left.version, digest: left.digest, reason: reason))
        }
        journal.active = journal.active.other
        journal.probationStarts = nil
        self.journal = journal
        try write(journal)
    }

    /// Notes another start of a student on probation, or with nothing that it has proven itself.
    mutating func setProbation(starts: Int?) throws(EdgeError) {
        guard var journal, journal.probationStarts != starts else { return }
        journal.probationStarts = starts
        self.journal = journal
        try write(journal)
    }

    /// Makes a journal anew for a slot that holds a student whose digest is known otherwise.
    ///
    /// - Parameter signed: versions by digest, as they are signed now.
    mutating func recover(_ signed: [String: Int]) throws(EdgeError) {
        guard journal == nil else { return }
        var entries: [Slot: Entry] = [:]
        for slot in Slot.allCases {
            guard let bytes = try directory.read(Self.fileName(slot), limit: Self.limit) else { continue }
            let digest = ContentDigest(of: bytes).hex
            if let version = signed[digest] { entries[slot] = Entry(version: version, digest: digest) }
        }
        guard let newest = entries.max(by: { $0.value.version < $1.value.version }) else { return }
        journal = SlotJournal(active: newest.key, entries: entries)
    }

    /// Models that have slots below a folder.
    static func models(in root: StateDirectory) throws(EdgeError) -> [String] {
        try root.names().filter(Slug.isValid)
    }

    private static func fileName(_ slot: Slot) -> String { "\(slot.rawValue).safetensors" }

    private mutating func write(_ journal: SlotJournal) throws(EdgeError) {
        try directory.replace(Self.journalName, with: Array(journal.json.prettyText.utf8))
        self.journal = journal
    }
}
