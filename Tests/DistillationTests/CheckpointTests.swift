import ModelArtifact
import NeuralNetwork
import Synchronization
import Testing

@testable import Distillation

@Suite("Checkpoints")
struct CheckpointTests {
    /// Everything that the outcome of a job depends on.
    private func options() -> DistillationOptions {
        var options = SyntheticTask.options()
        options.teacherEpochs = 5
        options.studentEpochs = 6
        options.hint = 0.3
        options.patience = 20
        return options
    }

    /// The student and how many epochs of each phase were run in this call.
    private func run(
        _ shelf: MemoryCheckpoints, stop: (DistillationProgress.Phase, epoch: Int)?
    ) throws -> (student: Student?, epochs: [DistillationProgress.Phase: Int]) {
        let windows = try SyntheticTask.windows(120, seed: 1)
        let distiller = try Distiller(
            task: SyntheticTask.task(), options: options(), checkpoints: shelf.checkpoints)
        var epochs: [DistillationProgress.Phase: Int] = [:]
        var last: (DistillationProgress.Phase, Int)?
        func observe(_ progress: DistillationProgress) -> Bool {
            if progress.epoch > 0, last ?? (.evaluation, 0) != (progress.phase, progress.epoch) {
                epochs[progress.phase, default: 0] += 1
                last = (progress.phase, progress.epoch)
            }
            // One epoch more than is kept: a killed process has begun the next one.
            if let stop, progress.phase == stop.0, progress.epoch > stop.epoch { return false }
            return true
        }
        do {
            let teacher = try distiller.trainTeacher(windows, observer: observe).teacher
            return (try distiller.distill(teacher, windows: windows, observer: observe).student, epochs)
        } catch let error where error.code == .cancelled {
            return (nil, epochs)
        }
    }

    @Test("A training that was killed in any phase goes on from its last epoch to the same student")
    func resume() throws {
        let whole = try #require(try run(MemoryCheckpoints(), stop: nil).student)
        for phase in [DistillationProgress.Phase.teacher, .student, .quantisation] {
            let shelf = MemoryCheckpoints()
            #expect(try run(shelf, stop: (phase, epoch: 2)).student == nil)
            let resumed = try run(shelf, stop: nil)
            #expect(resumed.student == whole, "stopped in \(phase)")
            if phase == .student {
                #expect(resumed.epochs[.teacher] == nil, "the teacher was done")
                #expect(resumed.epochs[.student] == 4, "of 6 epochs 2 were kept")
            }
        }
    }

    @Test("A checkpoint of another training, or a damaged one, is passed over")
    func foreign() throws {
        let whole = try #require(try run(MemoryCheckpoints(), stop: nil).student)
        let shelf = MemoryCheckpoints()
        _ = try run(shelf, stop: (.teacher, epoch: 2))
        shelf.change("teacher") { $0.removeLast(100) }
        #expect(try run(shelf, stop: nil).student == whole)
        #expect(shelf.passedOver.withLock { $0 } == ["teacher"])
        // What is kept now is whole, and of these windows.
        let windows = try SyntheticTask.windows(120, seed: 2)
        var epochs = 0
        var resumed: Int?
        _ = try Distiller(task: SyntheticTask.task(), options: options(), checkpoints: shelf.checkpoints)
            .trainTeacher(windows) { progress in
                epochs = progress.epoch
                resumed = progress.resumedFrom
                return true
            }
        #expect(epochs == 5 && resumed == 0)
        #expect(shelf.passedOver.withLock { $0 } == ["teacher", "teacher"])
    }
}
