import Inference
import ModelArtifact
import Testing

@Suite("Float engine") struct FloatEngineTests {
    @Test("Random networks agree with plain loops")
    func reference() throws {
        var random = TestRandom(seed: 21)
        for _ in 0..<150 {
            let network = RandomNetwork.floats(RandomNetwork.spec(&random), &random)
            let engine = try FloatEngine(network)
            let window = (0..<engine.inputCount).map { _ in Float.random(in: -20...20, using: &random) }
            let (found, expected) = (try engine.logits(window), Self.logits(network, window))
            let largest = max(1, expected.map(\.magnitude).max() ?? 0)
            #expect(zip(found, expected).allSatisfy { abs(Double($0) - $1) < 2e-5 * largest }, "\(network.spec)")
        }
    }

    @Test("Several windows at once, and overlapping ones, give the bits of single ones", arguments: [1, 2, 4, 8, 12])
    func sameBits(advance: Int) throws {
        var random = TestRandom(seed: 22)
        for _ in 0..<40 {
            let network = RandomNetwork.floats(RandomNetwork.spec(&random), &random)
            let plain = try FloatEngine(network)
            let (batch, streaming) = (
                try FloatEngine(network, windows: 4), try FloatEngine(network, advance: advance)
            )
            let (size, step) = (plain.inputCount, advance * network.spec.channels)
            let signal = (0..<4 * size + 6 * step).map { _ in Float.random(in: -20...20, using: &random) }
            var logits = [Float](repeating: 0, count: 4 * plain.outputCount)
            try signal.withUnsafeBufferPointer { signal in
                try logits.withUnsafeMutableBufferPointer {
                    try batch.infer(windows: UnsafeBufferPointer(rebasing: signal[..<(4 * size)]), count: 4, into: $0)
                }
            }
            let single = try (0..<4).flatMap { try plain.logits(Array(signal[$0 * size..<($0 + 1) * size])) }
            #expect(logits == single, "\(network.spec)")
            for index in [0, 1, 2, 4, 5, 6] {
                let window = Array(signal[index * step..<index * step + size])
                #expect(try streaming.logits(window) == plain.logits(window), "\(network.spec)")
            }
        }
    }

    @Test("Golden vectors hold through the file to their tolerance, in both precisions")
    func golden() throws {
        var random = TestRandom(seed: 23)
        let spec = NetworkSpec(
            samples: 50, channels: 3,
            layers: [.convolution(filters: 8, kernel: 5, stride: 2), .relu, .globalAveragePool, .dense(units: 4)])
        let network = RandomNetwork.floats(spec, &random)
        let windows = (0..<3).map { _ in (0..<150).map { _ in Float.random(in: -20...20, using: &random) } }
        for precision in FloatNetwork.Precision.allCases {
            let made = try FloatEngine(network.stored(as: precision)).network(withGolden: windows)
            var read = try FloatNetwork(decoding: made.encode())
            try FloatEngine(read).verifyGolden()
            read.layers[1].bias[2] += 0.01 * max(1, read.golden[0].logits.map(\.magnitude).max() ?? 0)
            let error = #expect(throws: InferenceError.self) { try FloatEngine(read).verifyGolden() }
            #expect(error?.code == .goldenMismatch)
        }
        let bare = #expect(throws: InferenceError.self) { try FloatEngine(network).verifyGolden() }
        #expect(bare?.code == .invalidStudent)
        let notFinite = #expect(throws: InferenceError.self) {
            try FloatEngine(network).logits(Array(repeating: .infinity, count: 150))
        }
        #expect(notFinite?.code == .notFinite)
    }

    /// Plain loops in double precision.
    private static func logits(_ network: FloatNetwork, _ window: [Float]) -> [Double] {
        let (spec, extents) = (network.spec, network.spec.extents)
        var activation = window.enumerated().map { index, value in
            let channel = index % spec.channels
            return Double(value - network.normalisation.mean[channel])
                / Double(network.normalisation.standardDeviation[channel])
        }
        var layers = network.layers[...]
        for (index, layer) in spec.layers.enumerated() {
            let (from, to) = (extents[index], extents[index + 1])
            func pool(_ size: Int, _ reduce: ([Double]) -> Double) -> [Double] {
                (0..<to.count).map { position in
                    let (sample, channel) = (position / to.channels, position % to.channels)
                    return reduce((0..<size).map { activation[(sample * size + $0) * to.channels + channel] })
                }
            }
            func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(values.count) }
            switch layer {
            case .convolution(_, let kernel, let stride, let dilation),
                .depthwiseConvolution(let kernel, let stride, let dilation):
                let parameters = layers.removeFirst()
                let depth = parameters.weight.count / to.channels / kernel
                let isDepthwise = if case .depthwiseConvolution = layer { true } else { false }
                activation = (0..<to.count).map { position in
                    let (sample, filter) = (position / to.channels, position % to.channels)
                    var sum = Double(parameters.bias[filter])
                    for tap in 0..<kernel {
                        let row = sample * stride + tap * dilation - spec.padding(at: index).before
                        guard (0..<from.samples).contains(row) else { continue }
                        for channel in 0..<depth {
                            let weight = parameters.weight[(filter * kernel + tap) * depth + channel]
                            sum += activation[row * from.channels + (isDepthwise ? filter : channel)] * Double(weight)
                        }
                    }
                    return sum
                }
            case .dense:
                let parameters = layers.removeFirst()
                activation = parameters.bias.indices.map { unit in
                    activation.indices.reduce(Double(parameters.bias[unit])) { sum, input in
                        sum + activation[input] * Double(parameters.weight[unit * from.count + input])
                    }
                }
            case .relu: activation = activation.map { max(0, $0) }
            case .maxPool(let size): activation = pool(size) { $0.max() ?? 0 }
            case .globalMaxPool: activation = pool(from.samples) { $0.max() ?? 0 }
            case .averagePool(let size): activation = pool(size, mean)
            default: activation = pool(from.samples, mean)
            }
        }
        return activation
    }
}
