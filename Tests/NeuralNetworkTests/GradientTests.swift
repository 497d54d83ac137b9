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
            {
                Losses.crossEntropy(
                    $1, classOfOutput: [0, 1, 0, 1], classes: 2, label: 1, smoothing: 0.2, weight: 0.7, addingTo: &$0)
            },
            { Losses.logisticCrossEntropy($1[1], label: 1, smoothing: 0.1, weight: 0.6, addingTo: &$0[1]) },
            { Losses.logisticCrossEntropy($1[2], label: 0, weight: 0.6, addingTo: &$0[2]) },
            { Losses.logisticSoftened(teacher: 1.7, student: $1[1], temperature: 3, weight: 0.6, addingTo: &$0[1]) },
            { Losses.squared($1[3], target: -1.5, weight: 0.3, addingTo: &$0[3]) },
            { Losses.contrast($1, windows: 2, outputs: 2, stride: 2, temperature: 0.5, weight: 0.8, addingTo: &$0) },
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

    @Test("The contrast of a batch has the gradient that finite differences give, rows with gaps between them")
    func contrast() {
        var random = RandomSource(seed: 4)
        let logits = (0..<5 * 4).map { _ in 2 * random.normal() }
        func loss(_ logits: [Float], _ gradient: inout [Float]) -> Float {
            Losses.contrast(
                logits, windows: 5, outputs: 3, stride: 4, temperature: 0.7, weight: 1.3, addingTo: &gradient)
        }
        var gradient = [Float](repeating: 0, count: logits.count)
        _ = loss(logits, &gradient)
        for index in logits.indices {
            var moved = logits
            var ignored = gradient
            moved[index] += 1e-2
            let up = loss(moved, &ignored)
            moved[index] -= 2e-2
            let down = loss(moved, &ignored)
            #expect(abs((up - down) / 2e-2 - gradient[index]) < 2e-3)
        }
        #expect(stride(from: 3, to: logits.count, by: 4).allSatisfy { gradient[$0] == 0 }, "gaps stay untouched")
    }

    @Test("Windows that say the same have a contrast of zero, windows that differ a lower one")
    func contrastOrder() {
        var ignored = [Float](repeating: 0, count: 6)
        let same = Losses.contrast(
            [1, 0, 0, 1, 0, 0], windows: 2, outputs: 3, stride: 3, temperature: 1, addingTo: &ignored)
        let apart = Losses.contrast(
            [1, 0, 0, 0, 1, 0], windows: 2, outputs: 3, stride: 3, temperature: 1, addingTo: &ignored)
        #expect(abs(same) < 1e-5 && apart < -0.5)
    }

    @Test("A binary head agrees with a softmax over two outputs, the first of which is zero")
    func binary() {
        let (teacher, student): (Float, Float) = (1.4, -0.6)
        var one: [Float] = [0]
        var two: [Float] = [0, 0]
        let single = Losses.logisticSoftened(teacher: teacher, student: student, temperature: 2, addingTo: &one)
        let double = Losses.softened(
            teacher: [0, teacher], student: [0, student], classes: 2, temperature: 2, addingTo: &two)
        #expect(abs(single - double) < 1e-5 && abs(one[0] - two[1]) < 1e-5)
        one = [0]
        two = [0, 0]
        let hard = Losses.logisticCrossEntropy(student, label: 1, smoothing: 0.1, addingTo: &one)
        let pair = Losses.crossEntropy([0, student], classes: 2, label: 1, smoothing: 0.1, addingTo: &two)
        #expect(abs(hard - pair) < 1e-5 && abs(one[0] - two[1]) < 1e-5)
    }

    @Test("The gradient of a loss on a hidden layer is added to what comes from above")
    func features() throws {
        let spec = NetworkSpec(
            samples: 11, channels: 2,
            layers: [
                .convolution(filters: 4, kernel: 3, stride: 1), .batchNorm, .relu, .globalAveragePool, .dense(units: 2),
            ])
        let layer = 3
        let pass = NetworkPass(spec: spec, capacity: 2, training: true, featureLayer: layer)
        var weights = NetworkWeights(spec: spec, seed: 3)
        var random = RandomSource(seed: 17)
        for window in 0..<2 {
            for index in 0..<spec.samples * spec.channels { pass.input.window(window)[index] = random.normal() }
        }
        let mix = (0..<8).map { _ in random.normal() }
        func loss() -> Float {
            pass.load(weights)
            pass.forward(count: 2, training: true)
            return (0..<2).reduce(0) { sum, window in
                sum + (0..<4).reduce(0) { $0 + mix[window * 4 + $1] * (pass.features?.values.window(window)[$1] ?? 0) }
            }
        }
        _ = loss()
        let features = try #require(pass.features)
        for index in 0..<8 { features.gradient.pointer[index] = mix[index] }
        pass.logitGradient?.window(0).update(repeating: 0, count: 4)
        pass.clearGradients()
        pass.backward(count: 2)
        let analytic = pass.gradients.array
        for entry in weights.layout.values where entry.role == .weight && entry.layer == 0 {
            for index in entry.range {
                let value = weights.values[index]
                weights.values[index] = value + 1e-2
                let up = loss()
                weights.values[index] = value - 1e-2
                let down = loss()
                weights.values[index] = value
                #expect(abs((up - down) / 2e-2 - analytic[index]) < 2e-2)
            }
        }
        #expect(analytic.prefix(10).contains { abs($0) > 1e-3 })
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
