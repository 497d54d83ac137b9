import ModelArtifact
import NeuralNetwork
import Testing

@testable import Distillation

@Suite("Students as asked for")
struct StudentSpecTests {
    private func options(alpha: Float) -> DistillationOptions {
        var options = SyntheticTask.options()
        options.teacherEpochs = 1
        options.studentEpochs = 2
        options.quantisedEpochs = 1
        options.alpha = alpha
        options.studentSpec = NetworkSpec(
            samples: 32, channels: 2,
            layers: [
                .convolution(filters: 5, kernel: 5, stride: 2), .relu, .globalAveragePool, .dense(units: 3),
            ])
        return options
    }

    @Test("A given network is trained; from labels alone it is the same whoever teaches, with a teacher it is not")
    func givenNetwork() throws {
        let windows = try SyntheticTask.windows(90, seed: 1)
        let teachers = [1, 2].map { seed in
            TrainedTeacher(
                weights: NetworkWeights(spec: .teacher(for: SyntheticTask.task()), seed: seed),
                normalisation: Normaliser(of: windows).normalisation)
        }
        for (alpha, same) in [(Float(0), true), (0.5, false)] {
            let distiller = try Distiller(task: SyntheticTask.task(), options: options(alpha: alpha))
            let students = try teachers.map { try distiller.distill($0, windows: windows).student }
            #expect(students[0].spec == options(alpha: alpha).studentSpec)
            #expect((students[0].layers == students[1].layers) == same)
        }
    }
}
