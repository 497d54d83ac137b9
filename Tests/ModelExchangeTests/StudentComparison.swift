import Inference
import ModelArtifact
import ModelExchange
import Testing

/// Sets a runtime's answers beside the edge's.
enum StudentComparison {
    /// Classes on every window of every shape of student must agree, and outputs lie as close as activations that are a
    /// step off let them.
    ///
    /// - Parameter sameClasses: false for runtimes that round twice: any activation may be a step off.
    static func check(modes: [String], sameClasses: Bool = true, _ write: (Student) throws(ExchangeError) -> [UInt8])
        async throws
    {
        var runs: [PeerRuntime.Run] = []
        var references: [(student: Student, outputs: [[Float]])] = []
        for (index, spec) in TestStudent.shapes.enumerated() {
            let student = try TestStudent.student(spec, seed: UInt64(index))
            let windows = TestStudent.windows(student, count: 300, seed: 17)
            let engine = try InferenceEngine(student)
            let expected = try windows.map { try engine.logits($0).map { Float($0) * engine.logitScale } }
            let file = try write(student)
            for mode in modes {
                runs.append(.init(file, windows, spec, mode: mode))
                references.append((student, expected))
            }
        }
        for (index, found) in try await PeerRuntime.outputs(runs).enumerated() {
            let (student, expected) = references[index]
            #expect(
                !sameClasses || found.map(PeerRuntime.best) == expected.map(PeerRuntime.best),
                "\(runs[index].mode) \(student.spec)")
            let limit = sameClasses ? 2 : Tolerance.everyInput(student)
            #expect(Tolerance.steps(found, expected, student) <= limit, "\(runs[index].mode) \(student.spec)")
        }
    }
}
