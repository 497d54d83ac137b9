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

    let version: Int
    let digest: String
    private let engine: InferenceEngine
    private let clock = ContinuousClock()
    private let logits: UnsafeMutableBufferPointer<Int32>
    private let probabilities: UnsafeMutableBufferPointer<Float>

    var student: Student { engine.student }
    var multiplyAccumulates: Int { engine.multiplyAccumulates }

    /// Makes a student ready, and runs its golden vectors.
    ///
    /// - Throws: ``EdgeError`` `.golden` where an output differs here; `.malformed` where the engine cannot run it.
    init(student: Student, version: Int, digest: String) throws(EdgeError) {
        self.version = version
        self.digest = digest
        do throws(InferenceError) {
            engine = try InferenceEngine(student)
        } catch {
            throw EdgeError(.malformed, "the student cannot be run", cause: error)
        }
        do throws(InferenceError) {
            try engine.verifyGolden()
        } catch {
            throw EdgeError(.golden, "the student computes something else here than where it was made", cause: error)
        }
        logits = .allocate(capacity: engine.outputCount)
        logits.initialize(repeating: 0)
        probabilities = .allocate(capacity: engine.outputCount)
        probabilities.initialize(repeating: 0)
    }

    deinit {
        logits.deallocate()
        probabilities.deallocate()
    }

    /// Decides on a window.
    ///
    /// - Parameter window: (samples × channels), row-major, raw units.
    /// - Throws: `InferenceError` where the window is of another task.
    func run(_ window: [Float]) throws(InferenceError) -> Result {
        let start = clock.now
        let outcome = window.withUnsafeBufferPointer { values -> Swift.Result<Void, InferenceError> in
            do throws(InferenceError) { return .success(try engine.infer(values, into: logits)) } catch {
                return .failure(error)
            }
        }
        try outcome.get()
        let task = student.task
        let decision: InferenceMessage.Decision
        var isUncertain = false
        switch task.kind {
        case .classification:
            engine.probabilities(UnsafeBufferPointer(logits), into: probabilities)
            let choice = engine.decision(UnsafeBufferPointer(probabilities))
            let chosen = task.classes[choice.classIndex]
            decision = .label(chosen.name, superclass: chosen.superclass, confidence: Double(choice.confidence))
            isUncertain = choice.isUncertain
        case .multiHead: decision = .heads(heads(of: task))
        case .regression:
            decision = .value(
                Double(logits[0]) * Double(engine.logitScale), unit: task.target?.unit ?? "",
                standardDeviation: student.gate.standardDeviation.map { Double($0) })
        }
        let took = (clock.now - start).components
        return Result(
            decision: decision, isUncertain: isUncertain,
            microseconds: Double(took.seconds) * 1e6 + Double(took.attoseconds) / 1e12)
    }

    /// What each head says: their outputs follow one another.
    private func heads(of task: TaskDocument) -> [HeadDecision] {
        var start = 0
        return task.heads.map { head in
            let range = start..<start + head.classes.count
            start = range.upperBound
            let shares = UnsafeMutableBufferPointer(rebasing: probabilities[range])
            engine.probabilities(ofHead: UnsafeBufferPointer(rebasing: logits[range]), into: shares)
            let choice = engine.decision(UnsafeBufferPointer(shares))
            let chosen = head.classes[choice.classIndex]
            return HeadDecision(
                head: head.name, label: chosen.name, superclass: chosen.superclass,
                confidence: Double(choice.confidence))
        }
    }
}
