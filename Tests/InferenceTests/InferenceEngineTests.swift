import ModelArtifact
import Testing

@testable import Inference

@Suite("Inference engine") struct InferenceEngineTests {
    @Test("Random networks give the reference's logits to the bit")
    func reference() throws {
        var random = TestRandom(seed: 11)
        var distinct: Set<Int32> = []
        for _ in 0..<150 {
            let spec = RandomNetwork.spec(&random)
            let student = RandomNetwork.student(spec, &random)
            let engine = try InferenceEngine(student)
            let size = spec.samples * spec.channels
            let inputs =
                [RandomNetwork.input(spec, &random), RandomNetwork.input(spec, &random)]
                + [0, 128, 255].map { [UInt8](repeating: $0, count: size) }
            for input in inputs {
                let logits = try engine.logits(quantised: input)
                #expect(logits == ReferenceInference.logits(student, quantised: input), "\(spec)")
                distinct.formUnion(logits)
            }
        }
        // Had the random networks died, all would agree on constants.
        #expect(distinct.count > 1000)
    }

    @Test("Several windows at once give the logits of single ones")
    func windows() throws {
        var random = TestRandom(seed: 12)
        for _ in 0..<60 {
            let spec = RandomNetwork.spec(&random)
            let student = RandomNetwork.student(spec, &random)
            let (single, engine) = (try InferenceEngine(student), try InferenceEngine(student, windows: 5))
            for count in [5, 1, 3] {
                let size = count * spec.samples * spec.channels
                let input = (0..<size).map { _ in Float.random(in: -20...20, using: &random) }
                let expected = try (0..<count).flatMap { window in
                    try single.logits(Array(input[window * size / count..<(window + 1) * size / count]))
                }
                var logits = [Int32](repeating: 0, count: count * spec.outputs)
                try input.withUnsafeBufferPointer { input in
                    try logits.withUnsafeMutableBufferPointer {
                        try engine.infer(windows: input, count: count, into: $0)
                    }
                }
                #expect(logits == expected, "\(spec)")
            }
        }
    }

    @Test("Overlapping windows give the logits of separate ones, also after a gap", arguments: [1, 2, 4, 8, 12, 20])
    func streaming(advance: Int) throws {
        var random = TestRandom(seed: 13)
        for _ in 0..<60 {
            let spec = RandomNetwork.spec(&random)
            let student = RandomNetwork.student(spec, &random)
            let (plain, engine) = (try InferenceEngine(student), try InferenceEngine(student, advance: advance))
            let (size, step) = (spec.samples * spec.channels, advance * spec.channels)
            let signal = (0..<size + 12 * step).map { _ in Float.random(in: -20...20, using: &random) }
            // The sixth window leaves one out.
            for index in [0, 1, 2, 3, 4, 6, 7, 8, 9] {
                let window = Array(signal[index * step..<index * step + size])
                #expect(try engine.logits(window) == plain.logits(window), "\(spec)")
            }
        }
    }

    @Test("Rows that windows share are computed once")
    func overlap() {
        let first = StreamingOverlap(advance: 40, before: 0, after: 0, rows: 100)
        // Of 100 samples, kernel 5, stride 2: padding is 1 before and 2 behind, so row 0 and row 49 see some.
        let second = first.behind(.convolution(filters: 1, kernel: 5, stride: 2), before: 1, rows: 50)
        #expect(second == StreamingOverlap(advance: 20, before: 1, after: 1, rows: 50))
        #expect(second?.kept == 1..<29)
        // Row i of 25 reads rows 2i − 1 ... 2i + 3: clean are those within 1 ... 48.
        let third = second?.behind(.convolution(filters: 1, kernel: 5, stride: 2), before: 1, rows: 25)
        #expect(third == StreamingOverlap(advance: 10, before: 1, after: 2, rows: 25))
        #expect(third?.kept == 1..<13)
        #expect(third?.behind(.maxPool(size: 5), before: 0, rows: 5)?.advance == 2)
        #expect(third?.behind(.maxPool(size: 3), before: 0, rows: 8) == nil)
        #expect(third?.behind(.dense(units: 2), before: 0, rows: 1) == nil)
    }

    @Test("A network worked out by hand gives those numbers")
    func byHand() throws {
        let spec = NetworkSpec(
            samples: 3, channels: 1,
            layers: [.convolution(filters: 1, kernel: 3, stride: 1), .relu, .averagePool(size: 3), .dense(units: 2)])
        let student = Student(
            task: TaskDocument(
                name: "t", channels: [.init(name: "x", unit: "")], rate: 1, window: 3, step: 1,
                classes: [.init(name: "a"), .init(name: "b")]),
            spec: spec, normalisation: .init(mean: [10], standardDeviation: [2]), inputScale: 0.5,
            layers: [
                .init(
                    weight: [1, 2, 3], bias: [4], weightScale: [1], outputScale: 1, inputScale: 0.5),
                .init(
                    weight: [5, -7], bias: [1, -1], weightScale: [1, 1], outputScale: 0.1, inputScale: nil),
            ], gate: .init(temperature: 2, threshold: 0.9), golden: [])
        let engine = try InferenceEngine(student)
        // (x − 10) / (2 · 0.5): 12.5 → 2.5 → 2 (ties to even), 13.5 → 3.5 → 4, 7 → −3; plus 128.
        #expect(engine.quantisation([12.5, 13.5, 7]) == [130, 132, 125])
        // Sums with zero padding: 4 + 2·2 + 3·4 = 20; 4 + 2 + 8 − 9 = 5; 4 + 4 − 6 = 2. Halved, halves up: 10, 3, 1.
        // Mean of 14 over 3, halves up: (28 + 3) / 6 = 5. Logits: 26, −36.
        let logits = try engine.logits([12.5, 13.5, 7])
        #expect(logits == [26, -36])
        let probabilities = engine.probabilities(logits)
        #expect(abs(probabilities[0] - 0.956893) < 1e-5)  // 1 / (1 + e^(−62 · 0.1 / 2))
        #expect(abs(probabilities[0] + probabilities[1] - 1) < 1e-6)
        let decision = engine.decision(probabilities)
        #expect(decision.classIndex == 0 && decision.confidence == probabilities[0] && !decision.isUncertain)
        #expect(engine.decision([0.5, 0.5]) == .init(classIndex: 0, confidence: 0.5, isUncertain: true))
        #expect(engine.multiplyAccumulates == 3 * 3 + 2)
    }

    @Test("Quantisation rounds ties to even, clamps, and tells values that are not finite")
    func quantisation() throws {
        let quantisation = InputQuantisation(.init(mean: [0], standardDeviation: [1]), inputScale: 1)
        #expect(
            quantisation([0.5, 1.5, -0.5, -1.5, 126.5, 127.5, -127.5, -129, 1e30, -1e30, .greatestFiniteMagnitude])
                == [128, 130, 128, 126, 254, 255, 0, 0, 255, 0, 255])
        var random = TestRandom(seed: 3)
        for _ in 0..<10_000 {
            let value = Float.random(in: -140...140, using: &random)
            let expected = UInt8(min(127, max(-128, value.rounded(.toNearestOrEven))) + 128)
            #expect(quantisation([value]) == [expected])
        }
        let spec = NetworkSpec(samples: 2, channels: 1, layers: [.dense(units: 2)])
        let engine = try InferenceEngine(RandomNetwork.student(spec, &random))
        for bad in [Float.nan, .infinity, -.infinity] {
            let error = #expect(throws: InferenceError.self) { try engine.logits([0, bad]) }
            #expect(error?.code == .notFinite)
        }
        let error = #expect(throws: InferenceError.self) { try engine.logits([0, 0, 0]) }
        #expect(error?.code == .wrongSize)
    }

    @Test("Golden vectors hold through the file, and a changed weight is noticed")
    func golden() throws {
        var random = TestRandom(seed: 5)
        let spec = NetworkSpec(
            samples: 50, channels: 3,
            layers: [.convolution(filters: 8, kernel: 5, stride: 2), .relu, .globalAveragePool, .dense(units: 4)])
        let bare = RandomNetwork.student(spec, &random)
        let unverified = #expect(throws: InferenceError.self) { try InferenceEngine(bare).verifyGolden() }
        #expect(unverified?.code == .invalidStudent)
        let windows = (0..<4).map { _ in (0..<150).map { _ in Float.random(in: -20...20, using: &random) } }
        let student = try InferenceEngine(bare).student(withGolden: windows)
        var read = try Student(decoding: student.encode())
        try InferenceEngine(read).verifyGolden()
        read.layers[1].bias[2] += 1
        let error = #expect(throws: InferenceError.self) { try InferenceEngine(read).verifyGolden() }
        #expect(error?.code == .goldenMismatch)
        read.layers[1].bias.removeLast()
        let invalid = #expect(throws: InferenceError.self) { try InferenceEngine(read) }
        #expect(invalid?.code == .invalidStudent)
    }

    @Test("Parameters at the limit of the accumulators do not overflow")
    func extremes() throws {
        let spec = NetworkSpec(samples: 1000, channels: 60, layers: [.dense(units: 2)])
        var random = TestRandom(seed: 8)
        var student = RandomNetwork.student(spec, &random)
        let inputs = 60_000
        student.layers[0].weight = Array(repeating: 127, count: inputs) + Array(repeating: -127, count: inputs)
        student.layers[0].bias = [Int32.max - 127 * 128 * 60_000, -(Int32.max - 127 * 128 * 60_000)]
        let engine = try InferenceEngine(student)
        for value: UInt8 in [0, 255] {
            let input = [UInt8](repeating: value, count: inputs)
            #expect(try engine.logits(quantised: input) == ReferenceInference.logits(student, quantised: input))
        }
        student.layers[0].bias[0] += 1
        #expect(throws: InferenceError.self) { try InferenceEngine(student) }
    }
}
