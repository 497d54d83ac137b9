import JSON
import ModelArtifact
import TensorKernels
import Testing

@testable import NeuralNetwork

@Suite("PyTorch's numbers")
struct PyTorchTests {
    @Test("Every layer computes what PyTorch does, and the same gradients")
    func layers() throws {
        let cases = try #require(Fixture.load("layers").elements).map(Fixture.Case.init)
        #expect(cases.count >= 30)
        for item in cases { try compare(item) }
    }

    private func compare(_ item: Fixture.Case) throws {
        let weights = try NetworkWeights(spec: item.spec, tensors: item.tensors)
        #expect(weights.tensors.count == item.tensors.count, "\(item.name)")
        let pass = NetworkPass(
            spec: item.spec, capacity: item.windows, training: item.training, inputGradient: item.training)
        pass.load(weights)
        let size = item.spec.samples * item.spec.channels
        for window in 0..<item.windows {
            for index in 0..<size { pass.input.window(window)[index] = item.input[window * size + index] }
        }
        pass.forward(count: item.windows, training: item.training)
        expectClose(values(pass.logits, item.windows), item.output, tolerance: 1e-5, "\(item.name): output")
        guard item.training else { return }

        let gradient = try #require(pass.logitGradient)
        let outputs = item.spec.outputs
        for window in 0..<item.windows {
            for index in 0..<outputs {
                gradient.window(window)[index] = item.outputGradient[window * outputs + index]
            }
        }
        pass.clearGradients()
        pass.backward(count: item.windows)
        let byInput = try #require(pass.inputGradient)
        expectClose(
            values(byInput, item.windows), item.inputGradient, tolerance: 5e-5, "\(item.name): input gradient")
        let gradients = pass.gradients.array
        for entry in weights.layout.values {
            expectClose(
                Array(gradients[entry.range]), try #require(item.gradients[entry.name]), tolerance: 5e-5,
                "\(item.name): gradient of \(entry.name)")
        }
    }

    private func values(_ activation: PaddedActivation, _ windows: Int) -> [Float] {
        (0..<windows).flatMap { window in
            (0..<activation.samples * activation.channels).map { activation.window(window)[$0] }
        }
    }

    @Test("Losses and their gradients are PyTorch's")
    func losses() throws {
        let fixture = try JSONObjectReader(Fixture.load("losses"))
        let logits = try fixture.floats("logits")
        let teacher = try fixture.floats("teacher")
        let labels = try fixture.numbers("labels").map { Int($0) }
        let losses =
            LossCase.rows(logits, teacher: teacher, labels: labels)
            .merging(LossCase.elements(logits, teacher: teacher, labels: labels)) { first, _ in first }
        for (name, loss) in losses {
            let expected = try fixture.object("cases").object(name)
            var gradient = [Float](repeating: 0, count: logits.count)
            let value = gradient.withUnsafeMutableBufferPointer { buffer in
                buffer.baseAddress.map(loss) ?? .nan
            }
            expectClose([value], [Float(try expected.number("loss"))], tolerance: 1e-5, name)
            expectClose(gradient, try expected.floats("gradient"), tolerance: 1e-5, "\(name): gradient")
        }
        #expect(losses.count == (try fixture.object("cases").object.count))
    }

    @Test("Schedules give PyTorch's rates")
    func schedules() throws {
        let fixture = try JSONObjectReader(Fixture.load("schedules"))
        let peak = Float(try fixture.number("peak"))
        let steps = try fixture.integer("steps")
        let courses: [String: LearningRateSchedule.Course] = [
            "constant": .constant, "step": .step(every: 0.25, factor: 0.1), "cosine": .cosine(final: 0.002),
            "oneCycle": .oneCycle,
        ]
        for (name, course) in courses {
            let schedule = LearningRateSchedule(peak: peak, course: course, warmUp: 0)
            let rates = (0..<steps).map { schedule.rate(at: Float($0) / Float(steps)) }
            let expected = try fixture.object("rates").floats(name)
            for (ours, theirs) in zip(rates, expected) {
                #expect(abs(ours - theirs) < 1e-6 + 1e-4 * theirs, "\(name): \(ours), PyTorch has \(theirs)")
            }
        }
    }
}
