import JSON
import ModelArtifact
import Telemetry

/// The two places where a model's students stand on disk: one active, one that was or will be.
///
/// A student is written whole into the slot that is not active and flushed; only then the journal names it active, by
/// one rename. Power lost at any byte leaves the journal naming a complete student.
struct SlotStore: Sendable {
    enum Slot: String, Sendable, CaseIterable {
        case a, b
        var other: Slot { self == .a ? .b : .a }
    }

    /// What the journal knows of a slot.
    struct Entry: Sendable, Equatable {
        var version: Int
        var digest: String
    }

    struct Journal: Sendable, Equatable {
        var active: Slot
        var entries: [Slot: Entry]
        var activeEntry: Entry? { entries[active] }
        var otherEntry: Entry? { entries[active.other] }
    }

    /// Largest student file that is read back.
    static let limit = 64 << 20
    private static let journalName = "journal.json"
    private static let format = 1

    let model: String
    private let directory: StateDirectory
    private(set) var journal: Journal?

    /// - Throws: ``EdgeError`` `.storage`; `.damaged` where the journal is not one.
    init(model: String, root: StateDirectory) throws(EdgeError) {
        precondition(Slug.isValid(model), "a model's name is a slug")
        self.model = model
        directory = try root.folder(model)
        if let bytes = try directory.read(Self.journalName, limit: 65_536) {
            do {
                journal = try Self.journal(JSONValue(parsing: bytes))
            } catch {
                throw EdgeError(.damaged, "\(directory.file(Self.journalName)) is no journal", cause: error)
            }
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

    /// Puts a verified student into the inactive slot and makes that slot the active one.
    mutating func install(_ bytes: [UInt8], version: Int, digest: String) throws(EdgeError) {
        let slot = journal?.active.other ?? .a
        var entries = journal?.entries ?? [:]
        if entries[slot] != nil {
            // The journal must not vouch for a file that is being replaced.
            entries[slot] = nil
            if let active = journal?.active { try write(Journal(active: active, entries: entries)) }
        }
        try directory.replace(Self.fileName(slot), with: bytes)
        entries[slot] = Entry(version: version, digest: digest)
        try write(Journal(active: slot, entries: entries))
    }

    /// Makes the other slot the active one, where it holds a student.
    mutating func fallBack() throws(EdgeError) {
        guard let journal, journal.otherEntry != nil else {
            throw EdgeError(.damaged, "\(model) has no other student to fall back to")
        }
        try write(Journal(active: journal.active.other, entries: journal.entries))
    }

    /// Models that have slots below a folder.
    static func models(in root: StateDirectory) throws(EdgeError) -> [String] {
        try root.names().filter(Slug.isValid)
    }

    private static func fileName(_ slot: Slot) -> String { "\(slot.rawValue).safetensors" }

    private mutating func write(_ journal: Journal) throws(EdgeError) {
        var object: JSONObject = ["format": .integer(Int64(Self.format)), "active": .string(journal.active.rawValue)]
        for slot in Slot.allCases {
            guard let entry = journal.entries[slot] else { continue }
            object[slot.rawValue] = .object([
                "version": .integer(Int64(entry.version)), "digest": .string(entry.digest),
            ])
        }
        try directory.replace(Self.journalName, with: Array(JSONValue.object(object).prettyText.utf8))
        self.journal = journal
    }

    private static func journal(_ json: JSONValue) throws(JSONError) -> Journal {
        let reader = try JSONObjectReader(json)
        guard try reader.integer("format") == format else { throw JSONError(.wrongType, "format: only 1 is known") }
        var entries: [Slot: Entry] = [:]
        for slot in Slot.allCases {
            guard let entry = try reader.optionalObject(slot.rawValue) else { continue }
            entries[slot] = Entry(version: try entry.integer("version"), digest: try entry.string("digest"))
        }
        return Journal(active: try reader.word("active"), entries: entries)
    }
}
