import Testing

@testable import TensorKernels

@Suite("Float kernels")
struct FloatKernelTests {
    @Test("Products with overlapping rows in groups agree with plain loops on every level")
    func multiply() {
        var random = SweepGenerator(state: 3)
        for (name, table) in tables {
            for (rows, groups, columns, depth, stride) in [
                (100, 3, 64, 30, 6), (7, 2, 13, 5, 5), (1, 1, 1, 1, 1), (5, 4, 17, 300, 40), (13, 3, 33, 513, 16),
                (9, 5, 12, 60, 24), (1, 9, 18, 24, 24),
                // Deeper than is summed at once.
                (5, 2, 33, 1300, 40),
            ] {
                let span = (rows - 1) * stride + depth + 3
                let a = FloatBuffer((0..<span * groups).map { _ in random.value() })
                let b = (0..<depth * columns).map { _ in random.value() }
                let bias = (0..<columns).map { _ in random.value() }
                let packed = FloatBuffer(count: table.packedCount(depth: depth, columns: columns))
                // Two parts, as backward passes pack tap by tap.
                let cut = depth / 2
                table.pack(
                    into: packed.pointer, depth: depth, count: cut, columns: columns, source: b, depthStride: columns,
                    columnStride: 1)
                table.pack(
                    into: packed.pointer, depth: depth, offset: cut, count: depth - cut, columns: columns,
                    source: Array(b[(cut * columns)...]), depthStride: columns, columnStride: 1)
                let gap = columns + 2
                let c = FloatBuffer(count: rows * groups * gap)
                c.fill(9)
                let left = FloatRows(base: a.pointer, groupStride: span, rowStride: stride, rows: rows, groups: groups)
                let right = FloatRows(
                    base: c.pointer, groupStride: rows * gap, rowStride: gap, rows: rows, groups: groups)
                for accumulate in [false, true] {
                    table.multiply(
                        left, depth: depth, packed: packed.pointer, columns: columns, bias: accumulate ? nil : bias,
                        into: right, accumulate: accumulate)
                    let passes: Float = accumulate ? 2 : 1
                    var worst: Float = 0
                    for r in 0..<rows * groups {
                        let row = a.pointer + r / rows * span + r % rows * stride
                        for j in 0..<columns {
                            var sum: Float = 0
                            for k in 0..<depth { sum += row[k] * b[k * columns + j] }
                            worst = max(worst, abs(c.pointer[r * gap + j] - passes * sum - bias[j]))
                        }
                        #expect(c.pointer[r * gap + columns] == 9, "nothing beside the columns is written")
                    }
                    // Sums of `depth` products of values up to 1: rounding grows with the root of the depth.
                    #expect(worst < 2e-6 * Float(depth).squareRoot() * passes + 1e-6, "\(name) \(columns) × \(depth)")
                }
            }
        }
    }

    @Test("Sums of outer products agree with plain loops on every level")
    func outer() {
        var random = SweepGenerator(state: 5)
        for (name, table) in tables {
            for (rows, groups, m, n, stride) in [
                (100, 3, 64, 30, 6), (7, 2, 13, 5, 5), (1, 1, 1, 1, 1), (50, 13, 12, 33, 8), (13, 3, 7, 80, 32),
            ] {
                let span = (rows - 1) * stride + n
                let a = FloatBuffer((0..<rows * groups * m).map { _ in random.value() })
                let b = FloatBuffer((0..<span * groups).map { _ in random.value() })
                let c = FloatBuffer(count: m * n)
                c.fill(1)
                let scratch = FloatBuffer(count: table.outerScratchCount(m: m, n: n))
                table.addOuter(
                    FloatRows(base: a.pointer, rowStride: m, rows: rows * groups), m: m,
                    FloatRows(base: b.pointer, groupStride: span, rowStride: stride, rows: rows, groups: groups), n: n,
                    to: c.pointer, scratch: scratch.pointer)
                var worst: Float = 0
                for i in 0..<m {
                    for j in 0..<n {
                        var sum: Float = 1
                        for r in 0..<rows * groups {
                            sum += a.pointer[r * m + i] * b.pointer[r / rows * span + r % rows * stride + j]
                        }
                        worst = max(worst, abs(c.pointer[i * n + j] - sum))
                    }
                }
                #expect(worst < 4e-6 * Float(rows * groups).squareRoot() + 1e-6, "\(name) \(m) × \(n)")
            }
        }
    }

    @Test("Moments survive a mean far from zero")
    func moments() {
        for (name, table) in tables {
            var random = SweepGenerator(state: 11)
            let channels = 19
            let rows = 400
            let x = FloatBuffer((0..<rows * channels).map { _ in 1000 + random.value() })
            var mean = [Float](repeating: 0, count: channels)
            var variance = mean
            table.moments(
                FloatRows(base: x.pointer, rowStride: channels, rows: rows), channels: channels, mean: &mean,
                variance: &variance)
            for c in 0..<channels {
                let values = (0..<rows).map { Double(x.pointer[$0 * channels + c]) }
                let exact = values.reduce(0, +) / Double(rows)
                let spread = values.reduce(0) { $0 + ($1 - exact) * ($1 - exact) } / Double(rows)
                #expect(abs(Double(mean[c]) - exact) < 1e-3, "\(name)")
                #expect(abs(Double(variance[c]) - spread) < 1e-4, "\(name)")
            }
        }
    }

    @Test("Maximum pooling and its gradient: first maximum takes all, a short rest gets none")
    func pooling() {
        for (name, table) in tables {
            let x = FloatBuffer([1, 5, 3, 5, 2, 2, 2, 9, 7, 7])  // 5 samples × 2 channels
            let y = FloatBuffer(count: 4)
            let g = FloatBuffer([10, 20, 30, 40])
            let d = FloatBuffer(count: 10)
            d.fill(-1)
            let input = FloatRows(base: x.pointer, groupStride: 10, rowStride: 2, rows: 5)
            let output = FloatRows(base: y.pointer, groupStride: 4, rowStride: 2, rows: 2)
            table.maxPool(input, size: 2, channels: 2, into: output)
            #expect(y.array == [3, 5, 2, 9], "\(name)")
            let scratch = FloatBuffer(count: 2)
            table.maxPoolBack(
                gradient: FloatRows(base: g.pointer, groupStride: 4, rowStride: 2, rows: 2), input, output: output,
                size: 2, channels: 2,
                into: FloatRows(base: d.pointer, groupStride: 10, rowStride: 2, rows: 5), scratch: scratch.pointer)
            #expect(d.array == [0, 20, 10, 0, 30, 0, 0, 40, 0, 0], "\(name)")
        }
    }

    @Test("An AdamW step moves by the learning rate at first, and decays towards the anchor")
    func adamW() {
        for (name, table) in tables {
            let count = 21
            var values = [Float](repeating: 1, count: count)
            let gradients = (0..<count).map { Float($0 % 2 == 0 ? 0.5 : -2) }
            var first = [Float](repeating: 0, count: count)
            var second = first
            table.adamW(
                count: count, values: &values, gradients: gradients, first: &first, second: &second,
                decay: [Float](repeating: 1, count: count), anchor: [Float](repeating: 0.5, count: count), beta1: 0.9,
                beta2: 0.999, rate: 0.01 / (1 - 0.9), rootCorrection: 1 / (1 - Float(0.999)).squareRoot(),
                epsilon: 1e-8, decayRate: 0.02)
            for i in 0..<count {
                let expected: Float = 1 - 0.02 * 0.5 - (i % 2 == 0 ? 0.01 : -0.01)
                #expect(abs(values[i] - expected) < 1e-5, "\(name)")
            }
        }
    }
}
