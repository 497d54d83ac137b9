import JSON

/// What the slots of a model hold, and which student counts: the one file that says so, replaced whole.
struct SlotJournal: Sendable, Equatable {
    enum Slot: String, Sendable, CaseIterable {
        case a, b
        var other: Slot { self == .a ? .b : .a }
    }

    /// A student in a slot.
    struct Entry: Sendable, Equatable {
        var version: Int
        var digest: String
        /// How it came here.
        var receipt: UpdateReceipt?
    }

    /// A student that was installed, did badly and is not to be installed again.
    struct Return: Sendable, Equatable {
        var version: Int
        var digest: String
        var reason: String
    }

    private static let format = 1
    /// Returns remembered; the oldest go first.
    private static let returnLimit = 8

    var active: Slot
    var entries: [Slot: Entry]
    /// While the active student has yet to prove itself: processes that were started with it.
    var probationStarts: Int?
    private(set) var returns: [Return] = []

    init(active: Slot, entries: [Slot: Entry], probationStarts: Int? = nil, returns: [Return] = []) {
        self.active = active
        self.entries = entries
        self.probationStarts = probationStarts
        self.returns = returns.suffix(Self.returnLimit)
    }

    var activeEntry: Entry? { entries[active] }
    var otherEntry: Entry? { entries[active.other] }

    mutating func note(_ new: Return) {
        returns.removeAll { $0.digest == new.digest }
        returns = (returns + [new]).suffix(Self.returnLimit)
    }

    // MARK: The file

    /// - Throws: `JSONError` that names the key at fault.
    init(json: JSONValue) throws(JSONError) {
        let reader = try JSONObjectReader(json)
        guard try reader.integer("format") == Self.format else {
            throw JSONError(.wrongType, "format: only \(Self.format) is known")
        }
        active = try reader.word("active")
        entries = [:]
        for slot in Slot.allCases {
            guard let entry = try reader.optionalObject(slot.rawValue) else { continue }
            entries[slot] = Entry(
                version: try entry.integer("version"), digest: try entry.string("digest"),
                receipt: try entry.optionalObject("receipt").map(UpdateReceipt.init))
        }
        probationStarts = try reader.optionalInteger("probationStarts")
        for element in try reader.optionalElements("returns") ?? [] {
            let entry = try JSONObjectReader(element, path: "returns")
            note(
                Return(
                    version: try entry.integer("version"), digest: try entry.string("digest"),
                    reason: try entry.string("reason")))
        }
    }

    var json: JSONValue {
        var object: JSONObject = ["format": .integer(Int64(Self.format)), "active": .string(active.rawValue)]
        for slot in Slot.allCases {
            guard let entry = entries[slot] else { continue }
            var shown: JSONObject = ["version": .integer(Int64(entry.version)), "digest": .string(entry.digest)]
            shown["receipt"] = entry.receipt?.json
            object[slot.rawValue] = .object(shown)
        }
        object["probationStarts"] = probationStarts.map { .integer(Int64($0)) }
        if !returns.isEmpty {
            object["returns"] = .array(
                returns.map {
                    .object([
                        "version": .integer(Int64($0.version)), "digest": .string($0.digest),
                        "reason": .string($0.reason),
                    ])
                })
        }
        return .object(object)
    }
}
