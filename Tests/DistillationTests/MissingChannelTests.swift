import ModelArtifact
import NeuralNetwork
import Testing

@testable import Distillation

@Suite("Students for absent channels") struct MissingChannelTests {
    @Test("A task that wants it is trained with channels left out, at the share somebody chose or 15 %")
    func dropout() throws {
        var task = TaskDocument(
            name: "x", channels: [.init(name: "a", unit: ""), .init(name: "b", unit: "")], rate: 1, window: 4, step: 2,
            classes: [.init(name: "p"), .init(name: "q")])
        for policy in TaskDocument.MissingChannelPolicy.allCases {
            task.missingChannel = policy
            #expect(try Distiller(task: task).augmentation.channelDropout == (policy == .dropout ? 0.15 : 0))
        }
        task.missingChannel = .dropout
        var options = DistillationOptions()
        options.augmentation.channelDropout = 0.4
        #expect(try Distiller(task: task, options: options).augmentation.channelDropout == 0.4)
    }
}
