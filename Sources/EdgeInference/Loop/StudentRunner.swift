import Inference
import ModelArtifact
import Telemetry

/// A student that is ready to decide: verified, with its engine and the version it was released as.
final class StudentRunner {
    struct Result {
        var decision: InferenceMessage.Decision
        /// Whether the calibrated confidence is below the student's threshold.
        var isUncertain: Bool
        /// Wall time of the student's run.
        var microseconds: Double
    }

    let student: Student
    let version: Int
    let digest: String
    let multiplyAccumulates: Int
    private var engine: InferenceEngine
    private let clock = ContinuousClock()

    /// Makes a student ready, and runs its golden vectors.
    ///
    /// - Throws: ``EdgeError`` `.golden` where an output differs here; `.malformed` where the engine cannot run it.
    init(student: Student, version: Int, digest: String) throws(EdgeError) {
        self.student = student
        self.version = version
        self.digest = digest
        multiplyAccumulates = student.spec.multiplyAccumulates
        do {
            engine = try InferenceEngine(student)
        } catch {
            throw EdgeError(.malformed, "the student cannot be run", cause: error)
        }
    }
}
