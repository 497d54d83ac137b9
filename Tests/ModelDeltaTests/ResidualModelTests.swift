import Testing

@testable import ModelDelta

@Suite("Coded residuals") struct ResidualModelTests {
    private func code(_ tensors: [[Int64]]) -> [UInt8] {
        var coder = BinaryRangeEncoder()
        var model = ResidualModel()
        for tensor in tensors {
            model.begin()
            for value in tensor { model.encode(value, &coder) }
        }
        return coder.finish()
    }

    @Test("Numbers of any size come back, also the extremes and long runs")
    func exact() {
        var random = TestRandom(seed: 4)
        let tensors: [[Int64]] = [
            [], [0], [.max, .min, 0, -1, 1, .min + 1], [Int64](repeating: 0, count: 5000),
            (0..<2000).map { _ in Int64.random(in: -3...3, using: &random) },
            (0..<500).map { _ in Int64.random(in: .min ... .max, using: &random) },
            (0..<3000).map { Int64($0 % 200 == 0 ? 90 : 0) }, [Int64](repeating: -7, count: 300),
        ]
        var coder = BinaryRangeDecoder(code(tensors))
        var model = ResidualModel()
        for tensor in tensors {
            model.begin()
            #expect(tensor.map { _ in model.decode(&coder) } == tensor)
        }
        #expect(!coder.hasRest)
    }

    @Test(
        "Independent differences cost at most three hundredths more than their entropy, and nothing next to nothing",
        arguments: [0.02, 0.3, 1, 4])
    func efficiency(deviation: Double) {
        var random = TestRandom(seed: 9)
        let values = (0..<40_000).map { _ in
            Int64(
                (deviation * (0..<12).reduce(-6) { sum, _ in sum + Double.random(in: 0..<1, using: &random) }).rounded()
            )
        }
        let counts = Dictionary(grouping: values) { $0 }.mapValues { Double($0.count) / Double(values.count) }
        let bits = counts.values.reduce(0) { $0 - $1 * logarithm($1) } * Double(values.count)
        let size = code([values]).count
        #expect(Double(size) < 1.03 * bits / 8 + 40, "\(size) bytes for \(bits / 8)")
    }

    /// To base 2, by halving; Foundation stays out of it.
    private func logarithm(_ x: Double) -> Double {
        var (value, result, share) = (x.significand, Double(x.exponent), 0.5)
        for _ in 0..<50 {
            value *= value
            if value >= 2 {
                value /= 2
                result += share
            }
            share /= 2
        }
        return result
    }

    @Test("Outputs that moved much beside outputs that did not cost less than their mixture")
    func levels() {
        var random = TestRandom(seed: 2)
        let values = (0..<200).flatMap { row in
            (0..<60).map { _ in row % 2 == 0 ? 0 : Int64.random(in: -8...8, using: &random) }
        }
        // Half are zero (1 bit to tell), the others one of 17 (4.09 bits): 2.5 bits by frequency alone.
        #expect(Double(code([values]).count) < 0.93 * 2.5 * 12_000 / 8)
    }

    @Test("Any bytes are read as some numbers, and bytes beyond the code are noticed")
    func anything() {
        var random = TestRandom(seed: 3)
        for _ in 0..<200 {
            let bytes = (0..<Int.random(in: 0...40, using: &random)).map { _ in
                UInt8.random(in: 0...255, using: &random)
            }
            var coder = BinaryRangeDecoder(bytes)
            var model = ResidualModel()
            model.begin()
            for _ in 0..<100 { _ = model.decode(&coder) }
        }
        var longer = BinaryRangeDecoder(code([[1, 2, 3]]) + [UInt8](repeating: 1, count: 20))
        var model = ResidualModel()
        model.begin()
        for _ in 0..<3 { _ = model.decode(&longer) }
        #expect(longer.hasRest)
    }
}
