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

    @Test(
        "Budgets of the curve are tried beside the update that is made, each within its bytes; what cannot be is left out"
    )
    func curve() throws {
        let stage = try stage()
        var options = SyntheticTask.options()
        let free = try Distiller(task: SyntheticTask.task(), options: options)
            .distill(stage.teacher, windows: stage.windows, from: stage.base).student
        let size = try DeltaCodec.encode(base: stage.base.student.encode(), target: free.encode()).bytes.count
        options.updateCurve = [.bytes(90), .bytes(size * 2 / 3), .share(1)]
        let distiller = try Distiller(task: SyntheticTask.task(), options: options)
        let result = try distiller.distill(stage.teacher, windows: stage.windows, from: stage.base)
        #expect(result.updates.map(\.budget) == [.bytes(size * 2 / 3), .share(1)])
        #expect(result.student == free, "what is tried beside changes nothing")
        for update in result.updates {
            let (base, target) = (stage.base.student.encode(), update.student.encode())
            #expect(try DeltaCodec.encode(base: base, target: target).bytes.count == update.bytes)
            #expect(update.bytes <= update.limit)
        }
        let changes = result.updates.map { $0.student.changedWeights(from: stage.base.student) }
        #expect(changes[0] > 0 && changes[0] < changes[1])
        #expect(result.student.changedWeights(from: stage.base.student) == result.report.changedWeights)
    }

    @Test("A budget keeps the base's grid even where the windows have left it")
    func grid() throws {
        let stage = try stage()
        let windows = stage.windows
        let wide = try LabelledWindows(
            samples: windows.samples, channels: windows.channels, values: windows.values.map { $0 * 3 },
            targets: (0..<windows.count).map { windows.target($0, head: 0) }, groups: windows.groups)
        var options = SyntheticTask.options()
        options.updateCurve = [.share(0.5)]
        let result = try Distiller(task: SyntheticTask.task(), options: options)
            .distill(stage.teacher, windows: wide, from: stage.base)
        #expect(!result.report.renewedLayers.isEmpty, "the windows leave the grid")
        let update = try #require(result.updates.first)
        for (layer, before) in zip(update.student.layers, stage.base.student.layers) {
            #expect(layer.weightScale == before.weightScale && layer.outputScale == before.outputScale)
        }
    }

    @Test("An update of the head alone leaves everything before it")
    func head() throws {
        let stage = try stage()
        var options = SyntheticTask.options()
        options.updatesHeadOnly = true
        let result = try Distiller(task: SyntheticTask.task(), options: options)
            .distill(stage.teacher, windows: stage.windows, from: stage.base)
        #expect(result.student.layers.dropLast() == stage.base.student.layers.dropLast())
        #expect(result.student.layers.last?.weight != stage.base.student.layers.last?.weight)
        #expect(result.report.renewedLayers.isEmpty)
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
