import ModelArtifact
import NeuralNetwork
import Testing

@testable import Distillation

@Suite("What outputs stand for")
struct OutputLayoutTests {
    private func task(_ classes: [String], superclasses: [String]? = nil) -> TaskDocument {
        var task = SyntheticTask.task()
        task.classes = classes.enumerated().map { .init(name: $1, superclass: superclasses?[$0]) }
        return task
    }

    @Test("A softmax over a single output is refused with the reason")
    func singleSoftmax() throws {
        for kind in [TaskDocument.Kind.classification, .regression] {
            var task = task(["no", "yes"])
            task.kind = kind
            task.target = .init(name: "level", unit: "mm")
            let error = #expect(throws: DistillationError.self) {
                try OutputLayout(task: task, outputs: 1, form: .softmax)
            }
            #expect(error?.code == .badNetwork && error?.message.contains("teaches nothing") == true)
        }
        var options = SyntheticTask.options()
        options.form = .softmax
        options.studentSpec = NetworkSpec(samples: 32, channels: 2, layers: [.dense(units: 1)])
        #expect(throws: DistillationError.self) { try Distiller(task: task(["no", "yes"]), options: options) }
    }

    @Test("One output for two classes is read by the logistic function, for three it is refused")
    func binary() throws {
        let head = try #require(OutputLayout(task: task(["no", "yes"]), outputs: 1).heads.first)
        #expect(head.form == .sigmoid && head.classes == 2)
        #expect(head.classIndex([-0.1]) == 0 && head.classIndex([0.1]) == 1)
        #expect(abs(head.probabilities([0])[1] - 0.5) < 1e-6)
        #expect(throws: DistillationError.self) { try OutputLayout(task: task(["a", "b", "c"]), outputs: 1) }
    }

    @Test("A class of several outputs has the sum of their probabilities")
    func subclasses() throws {
        let task = task(["sit", "stand", "walk"], superclasses: ["still", "still", "moving"])
        let layout = try OutputLayout(task: task, subclasses: .known)
        let head = try #require(layout.heads.first)
        #expect(head.classes == 2 && head.classOfOutput == [0, 0, 1])
        // The largest output is not of the most probable class.
        #expect(head.classIndex([1, 1, 1.5]) == 0)
        #expect(abs(head.probabilities([0, 0, 0])[0] - 2.0 / 3) < 1e-6)
        #expect(layout.withoutSuperclasses == (try OutputLayout(task: task)))
        let invented = try OutputLayout(task: task, subclasses: .invented(.init(perClass: 4)))
        #expect(invented.outputs == 12 && invented.heads[0].classes == 3)
        #expect(throws: DistillationError.self) { try OutputLayout(task: self.task(["a", "b"]), subclasses: .known) }
    }

    @Test("Heads follow one another, and scores are taken head by head")
    func heads() throws {
        var task = SyntheticTask.task()
        task.kind = .multiHead
        task.heads = [
            .init(name: "valve", classes: ["ok", "worn"].map { .init(name: $0) }),
            .init(name: "pump", classes: ["ok", "leaks", "dry"].map { .init(name: $0) }),
        ]
        let layout = try OutputLayout(task: task)
        #expect(layout.heads.map(\.range) == [0..<2, 2..<5] && layout.outputs == 5 && task.outputs == 5)
        let windows = try LabelledWindows(
            samples: 1, channels: 1, values: [0, 0, 0], targets: [0, 2, 1, 0, .nan, 1], heads: 2, groups: [0, 0, 0])
        let logits: [Float] = [1, 0, 0, 0, 1, 1, 0, 1, 0, 0, 0, 0, 1, 0, 0]
        let scores = try #require(Scores(logits, windows, layout))
        let (valve, pump) = (0.5, 2.0 / 3)
        #expect(scores.headAccuracies == [valve, pump])
        #expect(scores.accuracy == (valve + pump) / 2)
        #expect(try TaskDocument(json: task.json) == task)
    }

    @Test("A regression is scored by its errors and the variance it explains")
    func regression() throws {
        var task = SyntheticTask.task()
        task.kind = .regression
        task.target = .init(name: "level", unit: "mm")
        let layout = try OutputLayout(task: task)
        let windows = try LabelledWindows(
            samples: 1, channels: 1, values: [0, 0, 0, 0], targets: [1, 3, 5, .nan], groups: [0, 0, 0, 0])
        let scores = try #require(Scores([1, 4, 5, 9], windows, layout))
        #expect(scores.windows == 3 && scores.accuracy == nil)
        #expect(scores.meanAbsoluteError == 1.0 / 3)
        #expect(scores.determination == 0.875)
    }
}
