import Compression
import Inference
import ModelArtifact
import NeuralNetwork
import Testing

@testable import Distillation

@Suite("Recipes under distillation")
struct StudentCompressionTests {
    private func options(_ recipe: String, allowedLoss: Double = 1) throws -> DistillationOptions {
        var options = SyntheticTask.options()
        options.recipe = try CompressionRecipe(recipe, allowedLoss: allowedLoss)
        options.compressionEpochs = 4
        return options
    }

    private func zeros(_ student: Student) -> Double {
        let weights = student.layers.flatMap(\.weight)
        return Double(weights.count { $0 == 0 }) / Double(weights.count)
    }

    @Test("Channels go, then weights, and the student that is left still knows; a warm start keeps its zeros")
    func recipe() throws {
        let windows = try SyntheticTask.windows(360, seed: 1)
        let options = try options("channels:0.5:rounds=2,prune:0.5:stages=2")
        let distiller = try Distiller(task: SyntheticTask.task(), options: options)
        let teacher = try distiller.trainTeacher(windows).teacher
        let result = try distiller.distill(teacher, windows: windows)
        let student = result.student
        #expect(result.report.stages.map(\.step) == ["float"] + options.recipe.steps.map(\.description))
        let counts = result.report.stages.map(\.parameters)
        #expect(counts[0] > 900 && counts[1] <= counts[0] / 2 && counts[2] == counts[1])
        #expect(student.spec.parameterCount == counts[2])
        #expect(result.report.stages[2].nonZero < counts[2] * 6 / 10)
        #expect(zeros(student) >= 0.5)
        #expect(try #require(result.report.int8?.accuracy) > 0.8)
        #expect(result.report.curve.contains { $0.phase == .compression })
        try InferenceEngine(student).verifyGolden()

        let base = Distiller.Base(student: student, digest: String(repeating: "ab", count: 32))
        let next = try distiller.distill(teacher, windows: SyntheticTask.windows(360, seed: 3), from: base)
        #expect(next.report.warmStarted && next.student.spec == student.spec)
        for (layer, before) in zip(next.student.layers, student.layers) {
            #expect(zip(layer.weight, before.weight).allSatisfy { $1 != 0 || $0 == 0 })
        }
        #expect(next.student.layers != student.layers)
    }

    @Test("Layers become factors without a ReLU between, which run on integers as on edges")
    func lowRank() throws {
        let windows = try SyntheticTask.windows(360, seed: 1)
        var options = try options("low-rank:800")
        options.studentSpec = .student(for: SyntheticTask.task(), parameters: 1400)
        let distiller = try Distiller(task: SyntheticTask.task(), options: options)
        let teacher = try distiller.trainTeacher(windows).teacher
        let result = try distiller.distill(teacher, windows: windows)
        let student = result.student
        #expect(student.spec.parameterCount <= 800)
        let layers = student.spec.layers
        #expect(
            zip(layers, layers.dropFirst()).contains { pair in
                if case (.convolution, .convolution(_, 1, 1, 1)) = pair { true } else { false }
            })
        #expect(try #require(result.report.int8?.accuracy) > 0.8)
        try InferenceEngine(student).verifyGolden()
    }

    @Test("A step that costs more than is allowed is eased layer by layer, then left out, and the layer is named")
    func guarded() throws {
        let windows = try SyntheticTask.windows(360, seed: 1)
        // No loss is allowed that this could meet.
        let distiller = try Distiller(
            task: SyntheticTask.task(), options: options("prune:0.97:layer:stages=1", allowedLoss: -0.9))
        let teacher = try distiller.trainTeacher(windows).teacher
        let result = try distiller.distill(teacher, windows: windows)
        let stage = try #require(result.report.stages.last)
        let broken = try #require(stage.brokenBy)
        #expect(result.student.spec.weightedLayers.contains(broken))
        #expect(stage.nonZero == result.report.stages[0].nonZero && stage.quality == result.report.stages[0].quality)
        #expect(result.report.brokenBy != nil, "nor can the integers be that much better")
    }

    @Test("The same recipe gives the same student bit for bit, whether or not it was interrupted between its steps")
    func determinism() throws {
        let windows = try SyntheticTask.windows(120, seed: 1)
        let options = try options("channels:0.6:norm:rounds=1,prune:0.3:stages=2")
        let teacher = try Distiller(task: SyntheticTask.task(), options: options).trainTeacher(windows).teacher
        func student(_ stop: Int?) throws -> Student {
            let store = MemoryCheckpoints()
            let distiller = try Distiller(
                task: SyntheticTask.task(), options: options, checkpoints: store.checkpoints)
            if let stop {
                var seen = 0
                _ = try? distiller.distill(teacher, windows: windows) { progress in
                    if progress.phase == .compression { seen += 1 }
                    return seen < stop
                }
            }
            return try distiller.distill(teacher, windows: windows).student
        }
        let whole = try student(nil)
        #expect(try student(3) == whole && student(7) == whole)
    }
}
