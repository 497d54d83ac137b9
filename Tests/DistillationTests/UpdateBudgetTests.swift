import ModelArtifact
import ModelDelta
import NeuralNetwork
import Testing

@testable import Distillation

@Suite("Small updates")
struct UpdateBudgetTests {
    @Test("Budgets are read as bytes or as a share")
    func reading() {
        #expect(UpdateBudget("700") == .bytes(700) && UpdateBudget("10%") == .share(0.1))
        for text in ["", "0", "-3", "0%", "101%", "7x", "%"] { #expect(UpdateBudget(text) == nil) }
    }

    /// A base, a teacher and people that neither has seen.
    private func stage() throws -> (base: Distiller.Base, teacher: TrainedTeacher, windows: LabelledWindows) {
        let windows = try SyntheticTask.windows(240, seed: 1)
        let distiller = try Distiller(task: SyntheticTask.task(), options: SyntheticTask.options())
        let teacher = try distiller.trainTeacher(windows).teacher
        let student = try distiller.distill(teacher, windows: windows).student
        let base = Distiller.Base(student: student, digest: ContentDigest(of: student.encode()).hex)
        return (base, teacher, try SyntheticTask.windows(240, seed: 5))
    }

    @Test("An update stays within its bytes, moves what matters and knows as much; no update is smaller than it can be")
    func budget() throws {
        let stage = try stage()
        var options = SyntheticTask.options()
        func update(_ budget: UpdateBudget?) throws -> DistillationResult {
            options.updateBudget = budget
            let distiller = try Distiller(task: SyntheticTask.task(), options: options)
            return try distiller.distill(stage.teacher, windows: stage.windows, from: stage.base)
        }
        func size(_ result: DistillationResult) throws -> Int {
            try DeltaCodec.encode(base: stage.base.student.encode(), target: result.student.encode()).bytes.count
        }
        let free = try update(nil)
        let limit = try size(free) * 2 / 3
        let small = try update(.bytes(limit))
        #expect(try size(small) <= limit && size(small) == small.report.updateBytes)
        #expect(free.report.updateBytes == nil)
        #expect(try #require(small.report.changedWeights) < #require(free.report.changedWeights) * 0.8)
        #expect(try #require(small.report.changedWeights) > 0)
        #expect(try #require(small.report.int8?.accuracy) > #require(free.report.int8?.accuracy) - 0.1)
        #expect(try update(.share(1)).student == free.student, "a budget that is met changes nothing")
        let error = #expect(throws: DistillationError.self) { try update(.bytes(90)) }
        #expect(error?.code == .overBudget && error?.message.contains("moves no weight") == true)
    }

    @Test("Reluctant values move less")
    func reluctance() throws {
        let stage = try stage()
        var options = SyntheticTask.options()
        func changed(_ weight: Float) throws -> Double {
            options.updateWeight = weight
            let distiller = try Distiller(task: SyntheticTask.task(), options: options)
            let report = try distiller.distill(stage.teacher, windows: stage.windows, from: stage.base).report
            return try #require(report.changedWeights)
        }
        #expect(try changed(0.5) < 0.7 * changed(0))
    }
}
