/// Makes of readings that come and go an alert that does not: what is bad must last before it is raised, what is good
/// before it is resolved, and it is resolved a few times an hour at most.
struct AlertGate: Sendable, Equatable {
    enum Reading: Sendable, Equatable {
        /// Raised after so many seconds of it.
        case bad(after: Double)
        /// Between the thresholds, or not known: everything stays as it is.
        case unclear
        case good
    }

    enum Change: Sendable, Equatable { case raised, resolved }

    /// Seconds over which resolutions are counted.
    private static let hour = 3600.0

    /// Seconds of good readings that resolve it.
    let resolveAfter: Double
    /// Resolutions an hour; beyond, it stays raised.
    let perHour: Int
    private(set) var isRaised = false
    /// When it was raised.
    private(set) var since = 0.0
    private(set) var reading = Reading.unclear
    /// Since when readings are of this kind without a break.
    private(set) var readingSince = 0.0
    private var resolutions: [Double] = []

    init(resolveAfter: Double, perHour: Int) {
        self.resolveAfter = resolveAfter
        self.perHour = perHour
    }

    /// Whether it may be forgotten: nothing stands, nothing is coming, and no resolution counts any more.
    func isIdle(now: Double) -> Bool {
        if case .bad = reading { return false }
        return !isRaised && resolutions.allSatisfy { now - $0 >= Self.hour }
    }

    /// Whether it was resolved within the hour.
    var wasResolved: Bool { !resolutions.isEmpty }

    /// Takes up an alert that stood before a restart.
    mutating func restore(since: Double) {
        isRaised = true
        self.since = since
    }

    mutating func take(_ reading: Reading, now: Double) {
        if !Self.isSameKind(self.reading, reading) || now < readingSince { readingSince = now }
        self.reading = reading
    }

    /// What the time that has passed changes.
    mutating func look(now: Double) -> Change? {
        switch reading {
        case .bad(let after) where !isRaised && now - readingSince >= after:
            isRaised = true
            since = now
            return .raised
        case .good where isRaised && now - readingSince >= resolveAfter:
            resolutions.removeAll { now - $0 >= Self.hour }
            guard resolutions.count < perHour else { return nil }
            resolve(now: now)
            return .resolved
        default: return nil
        }
    }

    /// Resolves at once what no longer is.
    mutating func resolve(now: Double) {
        isRaised = false
        resolutions.append(now)
    }

    private static func isSameKind(_ a: Reading, _ b: Reading) -> Bool {
        switch (a, b) {
        case (.bad, .bad), (.unclear, .unclear), (.good, .good): true
        default: false
        }
    }
}
