import ModelArtifact
import TensorKernels
import Testing

@testable import NeuralNetwork

@Suite("Gradients")
struct GradientTests {
    /// Loss: a fixed random combination of the logits, so that its gradient by them is known.
    private func loss(_ pass: NetworkPass, _ weights: NetworkWeights, _ mix: [Float], _ count: Int) -> Double {
        pass.load(weights)
        pass.forward(count: count, training: true, seed: 5)
        return (0..<mix.count).reduce(0) { $0 + Double(mix[$1]) * Double(pass.logits.window(0)[$1]) }
    }

    @Test("Backward passes agree with finite differences", arguments: GradientNetworks.all.map(\.name))
    func finiteDifferences(name: String) throws {
        let spec = try #require(GradientNetworks.all.first { $0.name == name }).spec
        try spec.validate()
        let count = 3
        let pass = NetworkPass(spec: spec, capacity: count + 1, training: true, inputGradient: true)
        var weights = NetworkWeights(spec: spec, seed: 3)
        var random = RandomSource(seed: 17)
        for index in weights.values.indices { weights.values[index] += 0.3 * random.normal() }
        let size = spec.samples * spec.channels
        for window in 0..<count {
            for index in 0..<size { pass.input.window(window)[index] = random.normal() }
        }
        let mix = (0..<count * spec.outputs).map { _ in random.normal() }

        let centre = loss(pass, weights, mix, count)
        let gradient = try #require(pass.logitGradient)
        for index in mix.indices { gradient.window(0)[index] = mix[index] }
        pass.clearGradients()
        pass.backward(count: count)
        let analytic = pass.gradients.array
        let byInput = try #require(pass.inputGradient)

        var differences = Differences(centre: centre)
        for entry in weights.layout.values where !isTakenAway(entry, weights.layout) {
            for index in entry.range {
                let value = weights.values[index]
                weights.values[index] = value + Differences.step
                let up = loss(pass, weights, mix, count)
                weights.values[index] = value - Differences.step
                let down = loss(pass, weights, mix, count)
                weights.values[index] = value
                differences.check(up, down, analytic[index], "\(entry.name)[\(index - entry.offset)]")
            }
        }
        for window in 0..<count {
            for index in 0..<size {
                let value = pass.input.window(window)[index]
                pass.input.window(window)[index] = value + Differences.step
                let up = loss(pass, weights, mix, count)
                pass.input.window(window)[index] = value - Differences.step
                let down = loss(pass, weights, mix, count)
                pass.input.window(window)[index] = value
                differences.check(up, down, byInput.window(window)[index], "input[\(window)][\(index)]")
            }
        }
        #expect(differences.checked > 9 * differences.kinks, "\(differences)")
    }

    /// Whether batch norm directly behind takes this bias away: no gradient is kept.
    private func isTakenAway(_ entry: ParameterLayout.Entry, _ layout: ParameterLayout) -> Bool {
        guard entry.role == .bias, let dot = entry.name.dropLast(".bias".count).lastIndex(of: "."),
            let position = Int(entry.name[entry.name.index(after: dot)...].dropLast(".bias".count))
        else { return false }
        let next = entry.name[...dot] + "\(position + 1).running_mean"
        return layout.statistics.contains { $0.name == next }
    }

    /// Compares slopes with differences over a step either way.
    private struct Differences {
        static let step: Float = 2e-3
        let centre: Double
        var checked = 0
        var kinks = 0

        mutating func check(_ up: Double, _ down: Double, _ slope: Float, _ name: String) {
            let numeric = (up - down) / Double(2 * Self.step)
            // Where the slopes of the two sides differ, the step crosses a kink of ReLU or maximum.
            if abs(up + down - 2 * centre) > 0.02 * Double(Self.step) * max(1, abs(numeric)) {
                kinks += 1
                return
            }
            checked += 1
            // Rounding of float32 sums of size ~10 over a step of 2e-3.
            #expect(
                abs(numeric - Double(slope)) < 1e-2 * max(1, abs(numeric)), "\(name): \(numeric) against \(slope)")
        }
    }

    @Test("Gradients of the losses agree with finite differences")
    func losses() {
        let logits: [Float] = [0.3, -1.2, 2.1, 0.4]
        let teacher: [Float] = [1.3, -0.2, 1.1, -2.4]
        let losses: [(inout [Float], [Float]) -> Float] = [
            { Losses.crossEntropy($1, classes: 4, label: 2, smoothing: 0.1, weight: 0.7, addingTo: &$0) },
            { Losses.softened(teacher: teacher, student: $1, classes: 4, temperature: 3, weight: 0.4, addingTo: &$0) },
        ]
        for loss in losses {
            var gradient = [Float](repeating: 0, count: 4)
            _ = loss(&gradient, logits)
            for index in 0..<4 {
                var moved = logits
                var ignored = gradient
                moved[index] += 1e-2
                let up = loss(&ignored, moved)
                moved[index] -= 2e-2
                let down = loss(&ignored, moved)
                #expect(abs((up - down) / 2e-2 - gradient[index]) < 1e-3)
            }
        }
    }

    @Test("A student that agrees with its teacher has no softened loss")
    func agreement() {
        let logits: [Float] = [0.3, -1.2, 2.1]
        var gradient: [Float] = [0, 0, 0]
        let loss = Losses.softened(
            teacher: logits, student: logits, classes: 3, temperature: 4, addingTo: &gradient)
        #expect(abs(loss) < 1e-6)
        #expect(gradient.allSatisfy { abs($0) < 1e-6 })
    }
}
