import Testing

@testable import TensorKernels

/// Every table that this machine can run.
let tables: [(name: String, table: KernelTable)] =
    KernelLevel.allCases.compactMap { level in KernelTable(level).map { (level.rawValue, $0) } }
    + (KernelTable.wide.map { [("wide", $0)] } ?? [])

@Suite("int8 products")
struct Int8MatrixTests {
    @Test("Every level gives the reference's bits over a sweep of shapes, strides and extremes")
    func sweep() {
        var random = SweepGenerator(state: 7)
        for (name, table) in tables {
            for (count, outputs, depth, stride) in shapes {
                let extreme = random.next() % 3 == 0
                let rows = (0..<(count - 1) * stride + depth).map { _ in
                    extreme ? UInt8(255) : UInt8(random.next() % 256)
                }
                let weights = (0..<outputs * depth).map { _ in
                    extreme ? (random.next() % 2 == 0 ? 127 : -127) : Int8(truncatingIfNeeded: random.next())
                }
                let bias = (0..<outputs).map { _ in Int32(truncatingIfNeeded: random.next() % 20_001) - 10_000 }
                let matrix = Int8Matrix(weights: weights, outputs: outputs, depth: depth, kernels: table)
                var result = [Int32](repeating: .max, count: count * outputs)
                // Exact-size heap copies: a read beyond the rows would show under a sanitizer.
                rows.withUnsafeBufferPointer { rows in
                    guard let base = rows.baseAddress else { return }
                    matrix.multiply(rows: base, count: count, rowStride: stride, bias: bias, into: &result)
                }
                let expected = Int8Matrix.reference(
                    rows: rows, count: count, rowStride: stride, weights: weights, outputs: outputs, bias: bias)
                #expect(result == expected, "\(name): \(count) × \(outputs) × \(depth), stride \(stride)")
            }
        }
    }

    private var shapes: [(Int, Int, Int, Int)] {
        var shapes = [(50, 12, 30, 12), (25, 16, 60, 24), (13, 24, 80, 32), (1, 18, 24, 24), (7, 3, 1000, 3)]
        for count in [1, 2, 3, 5, 6, 7] {
            for outputs in [1, 15, 16, 17, 33] {
                for depth in [1, 3, 4, 5, 31, 257, 513] { shapes.append((count, outputs, depth, depth / 2 + 1)) }
            }
        }
        return shapes
    }

    @Test("Without a bias sums start at zero")
    func noBias() {
        let matrix = Int8Matrix(weights: [1, -2, 3], outputs: 1, depth: 3)
        var result: [Int32] = [99]
        matrix.multiply(rows: [10, 20, 30], count: 1, rowStride: 3, bias: nil, into: &result)
        #expect(result == [60])
    }

    @Test("Requantisation rounds halves up, clamps at both ends and keeps 64-bit products")
    func requantisation() {
        let accumulators: [Int32] = [3, 5, -7, 1000, .max, .min]
        let multiplier: [Int32] = [1, 1, 1, 1, .max, .max]
        let shift: [UInt8] = [1, 1, 1, 1, 62, 1]
        var result = [UInt8](repeating: 9, count: 6)
        Requantisation.apply(
            accumulators, rows: 1, columns: 6, multiplier: multiplier, shift: shift, into: &result)
        #expect(result == [2, 3, 0, 255, 1, 0])
    }
}

/// A small seeded generator, so that sweeps are the same everywhere.
struct SweepGenerator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return state >> 20
    }

    mutating func value() -> Float { Float(next() % 2001) / 1000 - 1 }
}
