/// How a new student does beside the one before it, on the same windows: a state machine without I/O.
///
/// The new one decides; the other runs in its shadow. Golden vectors have shown that it computes what it should; this is
/// about what they cannot show: real windows of this place.
struct Probation: Sendable {
    struct Limits: Sendable, Equatable {
        /// Windows to prove itself on.
        var windows: Int
        /// How many times the old student's time a window may take; less than ``leastMicroseconds`` never counts.
        var latencyFactor: Double
        /// How far the mean confidence may fall.
        var confidenceLoss: Double
    }

    /// What a student made of a window.
    struct Outcome: Sendable {
        /// Calibrated confidence; nothing where it decides on a number.
        var confidence: Double?
        var microseconds: Double
    }

    enum Verdict: Sendable, Equatable {
        case proven
        case failed(reason: String)
    }

    /// Faster than this is fast enough for any sensor.
    static let leastMicroseconds = 1000.0

    private let limits: Limits
    private var windows = 0
    private var newConfidence = 0.0
    private var oldConfidence = 0.0
    /// The fastest of each, for other work on the machine only ever adds.
    private var newFastest = Double.infinity
    private var oldFastest = Double.infinity

    init(_ limits: Limits) { self.limits = limits }

    /// Takes what both made of a window.
    ///
    /// - Parameters:
    ///   - new: nothing where it failed.
    ///   - old: nothing where it failed.
    /// - Returns: nothing while more windows are needed.
    mutating func note(new: Outcome?, old: Outcome?) -> Verdict? {
        // A window that neither can decide on says nothing of either.
        guard let old else { return nil }
        windows += 1
        guard let new else { return .failed(reason: "it failed on a window that the student before decides on") }
        newFastest = min(newFastest, new.microseconds)
        oldFastest = min(oldFastest, old.microseconds)
        newConfidence += new.confidence ?? 0
        oldConfidence += old.confidence ?? 0
        guard windows >= limits.windows else { return nil }
        let bound = max(Self.leastMicroseconds, limits.latencyFactor * oldFastest)
        guard newFastest <= bound else {
            return .failed(
                reason: "a window takes it \(Int(newFastest)) µs; the student before takes \(Int(oldFastest)) µs")
        }
        let (now, before) = (newConfidence / Double(windows), oldConfidence / Double(windows))
        guard before - now <= limits.confidenceLoss else {
            return .failed(
                reason: "its mean confidence on \(windows) windows is \(Self.percent(now)); that of the student "
                    + "before is \(Self.percent(before))")
        }
        return .proven
    }

    private static func percent(_ share: Double) -> String { "\(Int((share * 100).rounded())) %" }
}
