import JSON
import ModelArtifact
import TensorKernels
import Testing

@testable import NeuralNetwork

@Suite("Optimisers")
struct OptimiserTests {
    /// Twelve weights, which all decay.
    private static let layout = ParameterLayout(
        NetworkSpec(samples: 4, channels: 1, layers: [.dense(units: 3)]))
    private static let weights = 12

    private static let kinds: [(name: String, kind: OptimiserKind)] = [
        ("sgd", .sgd(momentum: 0, nesterov: false)), ("sgd, momentum", .sgd(momentum: 0.9, nesterov: false)),
        ("sgd, nesterov", .sgd(momentum: 0.9, nesterov: true)), ("adam", .adam), ("adamW", .adamW),
        ("rmsProp", .rmsProp()), ("rmsProp, momentum", .rmsProp(momentum: 0.9)),
    ]

    /// Biases have neither values nor gradients here.
    private func padded(_ values: [Float]) -> [Float] {
        values + [Float](repeating: 0, count: Self.layout.valueCount - values.count)
    }

    private func step(_ optimiser: any Optimiser, _ values: inout [Float], _ gradient: [Float]) {
        values.withUnsafeMutableBufferPointer { values in
            gradient.withUnsafeBufferPointer { gradient in
                guard let values = values.baseAddress, let gradient = gradient.baseAddress else { return }
                optimiser.step(values, gradient, rate: 0.03)
            }
        }
    }

    @Test("Steps are PyTorch's, clipped or not", arguments: kinds.map(\.name), [false, true])
    func pyTorch(name: String, clips: Bool) throws {
        let fixture = try JSONObjectReader(Fixture.load("optimisers"))
        let kind = try #require(Self.kinds.first { $0.name == name }).kind
        let optimiser = kind.optimiser(for: Self.layout, weightDecay: 0.1, clipping: clips ? 1 : nil)
        var values = padded(try fixture.floats("start"))
        let expected = try fixture.object("steps").elements(clips ? "\(name), clipped" : name)
        for (gradient, after) in zip(try fixture.elements("gradients"), expected) {
            step(optimiser, &values, padded(try #require(gradient.numberArray).map(Float.init)))
            expectClose(
                Array(values[..<Self.weights]), try #require(after.numberArray).map(Float.init), tolerance: 2e-6, name)
        }
    }

    @Test("From a saved state training goes on bit for bit", arguments: kinds.map(\.name), [false, true])
    func state(name: String, clips: Bool) throws {
        let kind = try #require(Self.kinds.first { $0.name == name }).kind
        func make() -> any Optimiser { kind.optimiser(for: Self.layout, weightDecay: 0.1, clipping: clips ? 1 : nil) }
        var random = RandomSource(seed: 4)
        let gradients = (0..<8).map { _ in (0..<Self.layout.valueCount).map { _ in random.normal() } }
        let first = make()
        var values = padded([])
        for gradient in gradients[..<5] { step(first, &values, gradient) }
        let second = make()
        second.state = first.state
        var copy = values
        for gradient in gradients[5...] {
            step(first, &values, gradient)
            step(second, &copy, gradient)
        }
        #expect(values == copy)
        #expect(make().state != first.state)
    }

    @Test("Values decay towards an anchor, biases not at all", arguments: kinds.map(\.name))
    func anchor(name: String) throws {
        let kind = try #require(Self.kinds.first { $0.name == name }).kind
        let anchor = [Float](repeating: 0.5, count: Self.layout.valueCount)
        let optimiser = kind.optimiser(for: Self.layout, weightDecay: 0.5, anchor: anchor)
        var values = [Float](repeating: 1, count: Self.layout.valueCount)
        step(optimiser, &values, [Float](repeating: 0, count: values.count))
        #expect(values[..<Self.weights].allSatisfy { $0 < 1 && $0 > 0.5 })
        #expect(values[Self.weights...].allSatisfy { $0 == 1 })
    }

    @Test("A warm-up rises in a line from a tenth of the peak, and the course begins behind it")
    func warmUp() {
        for course in [LearningRateSchedule.Course.constant, .step(), .cosine()] {
            let schedule = LearningRateSchedule(peak: 2, course: course, warmUp: 0.2)
            #expect(abs(schedule.rate(at: 0) - 0.2) < 1e-6)
            #expect(abs(schedule.rate(at: 0.1) - 1.1) < 1e-6)
            #expect(abs(schedule.rate(at: 0.2) - 2) < 1e-6)
        }
    }
}
