/// The counts of every subject: in all, and by the minute as far as they are not stored yet.
struct TallyBook: Sendable {
    struct MinuteKey: Sendable, Hashable {
        var subject: Int32
        /// Minutes since 1970 by the wall clock.
        var minute: Int32
    }

    /// Subjects counted at most.
    let capacity: Int
    private(set) var subjects: [Subject] = []
    private var numbers: [Subject: Int32] = [:]
    private(set) var totals: [Tally] = []
    /// What came to each minute since the last store.
    private(set) var minutes: [MinuteKey: Tally] = [:]
    /// Subjects whose totals must be stored next, and published anew.
    private(set) var unstored: Set<Int32> = []
    private(set) var unpublished: Set<Int32> = []
    private(set) var storedSubjects = 0

    init(capacity: Int) { self.capacity = capacity }

    /// The number of a subject, new where it is unknown; nothing where there are too many.
    mutating func number(_ subject: Subject) -> Int32? {
        if let number = numbers[subject] { return number }
        guard subjects.count < capacity else { return nil }
        subjects.append(subject)
        totals.append(Tally())
        let number = Int32(subjects.count - 1)
        numbers[subject] = number
        return number
    }

    func known(_ subject: Subject) -> Int32? { numbers[subject] }

    /// Nothing where nothing was counted.
    subscript(_ subject: Subject) -> Tally? { numbers[subject].map { totals[Int($0)] } }

    /// Adds (1) or takes back (−1) what a record says, of a subject by its number.
    mutating func apply(_ record: DecisionRecord, to subject: Int32, _ amount: Int) {
        totals[Int(subject)].apply(record, amount)
        minutes[MinuteKey(subject: subject, minute: record.minute), default: Tally()].apply(record, amount)
        note(subject)
    }

    /// Adds joules and bytes.
    mutating func add(_ use: Tally, to subject: Subject, minute: Int32) {
        guard let number = number(subject) else { return }
        totals[Int(number)].addUse(of: use)
        minutes[MinuteKey(subject: number, minute: minute), default: Tally()].addUse(of: use)
        note(number)
    }

    private mutating func note(_ subject: Int32) {
        unstored.insert(subject)
        unpublished.insert(subject)
    }

    /// Puts back what was stored, in the order of numbers.
    mutating func restore(_ subject: Subject, _ total: Tally) {
        numbers[subject] = Int32(subjects.count)
        subjects.append(subject)
        totals.append(total)
        storedSubjects = subjects.count
    }

    /// What is to be published anew, since the last call.
    mutating func takeUnpublished() -> Set<Int32> {
        defer { unpublished = [] }
        return unpublished
    }

    mutating func publishAll() { unpublished = Set(totals.indices.map(Int32.init)) }

    /// Moves what is not stored yet into a snapshot.
    mutating func drain(into snapshot: inout AggregateSnapshot) {
        for number in storedSubjects..<subjects.count {
            snapshot.subjects.append(.init(number: Int32(number), subject: subjects[number]))
        }
        storedSubjects = subjects.count
        snapshot.totals = unstored.map { .init(subject: $0, tally: totals[Int($0)]) }
        snapshot.minutes = minutes
        unstored = []
        minutes = [:]
    }
}
