import Inference
import Telemetry

/// A student on probation and the one before it, which runs in its shadow and takes over where it does badly.
final class ProbationRun {
    /// How a probation ended, for whoever keeps the slots.
    struct End: Sendable {
        var model: String
        /// Digest of the student that was on probation.
        var digest: String
        var verdict: Probation.Verdict
    }

    /// The student before.
    let old: StudentRunner
    private var probation: Probation
    private(set) var verdict: Probation.Verdict?

    init(old: StudentRunner, limits: Probation.Limits) {
        self.old = old
        probation = Probation(limits)
    }

    /// Decides on a window with both students.
    ///
    /// - Returns: what counts: the new student's result, or the old one's where the new one has just lost its place.
    /// - Throws: `InferenceError` where neither can decide.
    func run(
        _ window: [Float], new: StudentRunner
    ) throws(InferenceError) -> (result: StudentRunner.Result, runner: StudentRunner) {
        let fresh = Swift.Result { () throws(InferenceError) in try new.run(window) }
        let shadow = Swift.Result { () throws(InferenceError) in try old.run(window) }
        verdict = probation.note(new: Self.outcome(fresh), old: Self.outcome(shadow))
        if case .failed = verdict, case .success(let result) = shadow { return (result, old) }
        return (try fresh.get(), new)
    }

    private static func outcome(_ result: Swift.Result<StudentRunner.Result, InferenceError>) -> Probation.Outcome? {
        guard case .success(let found) = result else { return nil }
        var outcome = Probation.Outcome(confidence: nil, microseconds: found.microseconds)
        if case .label(_, _, let confidence) = found.decision { outcome.confidence = confidence }
        return outcome
    }
}
