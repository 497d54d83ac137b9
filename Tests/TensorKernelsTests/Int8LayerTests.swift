import Testing

@testable import TensorKernels

/// Every table that this machine can run.
let tables: [(name: String, table: KernelTable)] =
    KernelLevel.allCases.compactMap { level in KernelTable(level).map { (level.rawValue, $0) } }
    + (KernelTable.wide.map { [("wide", $0)] } ?? [])

@Suite("int8 layers")
struct Int8LayerTests {
    @Test("Every level gives the reference's sums and activations over a sweep of shapes, strides and extremes")
    func sweep() {
        var random = SweepGenerator(state: 7)
        for (rows, outputs, patches) in Self.shapes {
            let layer = RandomLayer(rows: rows, outputs: outputs, patches: patches, &random)
            let (sums, activations) = (layer.sums(), layer.activations())
            for (name, table) in tables {
                if patches.pool == 1 {
                    #expect(layer.run(table, requantised: false) == sums, "\(name): \(outputs) outputs of \(patches)")
                }
                #expect(
                    layer.run(table, requantised: true) == activations.map(Int32.init),
                    "\(name): \(outputs) outputs of \(patches)")
            }
        }
    }

    private static var shapes: [(Int, Int, Patches)] {
        var shapes: [(Int, Int, Patches)] = []
        func add(_ rows: Int, _ outputs: Int, _ depth: Int, _ stride: Int, segments: Int = 1) {
            shapes.append(
                (
                    rows, outputs,
                    Patches(
                        rows: rows, rowStride: stride, segments: segments, segmentStride: depth + 5, length: depth)
                ))
        }
        for (rows, outputs, depth, stride) in [(50, 16, 30, 12), (25, 32, 80, 32), (13, 48, 160, 64), (7, 3, 1000, 3)] {
            add(rows, outputs, depth, stride)
        }
        for rows in [1, 2, 3, 5, 6, 7, 9] {
            for outputs in [1, 15, 16, 17, 33, 49, 80] {
                for depth in [1, 3, 4, 5, 31, 257, 513] { add(rows, outputs, depth, depth / 2 + 1) }
            }
        }
        for segments in [2, 3, 7] { add(11, 20, 6, 7, segments: segments) }
        for (rows, outputs) in [(2, 1), (4, 16), (10, 33), (50, 64), (26, 49), (100, 17)] {
            add(rows, outputs, 30, 12)
            shapes[shapes.count - 1].2.pool = 2
        }
        return shapes
    }

    @Test("Every level gives the reference's depthwise convolution")
    func depthwise() {
        var random = SweepGenerator(state: 8)
        for (rows, channels, taps) in [(1, 1, 1), (9, 3, 5), (20, 16, 7), (8, 17, 3), (5, 40, 9)] {
            let patches = Patches(
                rows: rows, rowStride: 2 * channels, segments: taps, segmentStride: 3 * channels, length: channels)
            let layer = RandomLayer(rows: rows, outputs: channels, patches: patches, isDepthwise: true, &random)
            let expected = layer.activations().map(Int32.init)
            for (name, table) in tables { #expect(layer.run(table, requantised: true) == expected, "\(name)") }
        }
    }

    @Test("Pools and input quantisation are the same on every level")
    func pools() {
        var random = SweepGenerator(state: 9)
        for (rows, size, channels) in [(1, 1, 1), (3, 2, 16), (2, 13, 48), (1, 100, 17), (4, 3, 150), (1, 20_000, 2)] {
            let input = (0..<rows * size * channels + 16).map { _ in UInt8(random.next() % 256) }
            func column(_ index: Int) -> [Int] {
                (0..<size).map { Int(input[(index / channels * size + $0) * channels + index % channels]) }
            }
            let indices = 0..<rows * channels
            let most = indices.map { UInt8(column($0).max() ?? 0) }
            let mean = indices.map { UInt8((2 * column($0).reduce(0, +) + size) / (2 * size)) }
            for (name, table) in tables {
                var found = [UInt8](repeating: 1, count: rows * channels)
                table.maximum(of: input, rows: rows, size: size, channels: channels, into: &found)
                #expect(found == most, "\(name)")
                table.average(of: input, rows: rows, size: size, channels: channels, into: &found)
                #expect(found == mean, "\(name)")
            }
        }
    }

    @Test("A mean is rounded alike for every sum")
    func means() {
        for size in [2, 3, 7, 25, 100, 127] {
            for sum in 0...255 * size {
                var input = [UInt8](repeating: UInt8(sum / size), count: size + 16)
                for index in 0..<sum % size { input[index] += 1 }
                var found: UInt8 = 0
                KernelTable.active.average(of: input, rows: 1, size: size, channels: 1, into: &found)
                #expect(Int(found) == (2 * sum + size) / (2 * size))
            }
        }
    }

    @Test(
        "Requantisation rounds halves up, clamps at both ends and keeps 64-bit products",
        arguments: [0, 128] as [UInt8])
    func requantisation(zeroPoint: UInt8) {
        // Sums are the biases: the only input is 0.
        let sums: [Int32] = [3, 5, -7, 1000, .max, .min, -3, -5, 12_345, 1 << 30]
        let multiplier: [Int32] = [1, 1, 1, 1, .max, .max, 1 << 29, 1 << 29, 77_777, 1 << 30]
        for shift: [UInt8] in [[1, 1, 1, 1, 62, 1, 30, 30, 24, 55], [33, 34, 35, 36, 62, 62, 30, 31, 32, 60]] {
            let expected = sums.indices.map { index in
                let half = Int64(1) << (Int64(shift[index]) - 1)
                let value = (Int64(sums[index]) * Int64(multiplier[index]) + half) >> Int64(shift[index])
                return UInt8(min(255, max(0, value + Int64(zeroPoint))))
            }
            for (name, table) in tables {
                var image = ArenaImage()
                let layer = Int8Layer(
                    weights: Array(repeating: 1, count: sums.count), segments: 1, length: 1, bias: sums,
                    requantisation: .init(multiplier: multiplier, shift: shift, zeroPoint: zeroPoint), in: &image)
                let arena = Arena(image)
                var result = [UInt8](repeating: 9, count: sums.count)
                var scratch = [Int32](repeating: 0, count: layer.scratchCount)
                table.product(
                    layer, in: arena.base, Patches(rows: 1, rowStride: 1, length: 1), input: [0, 0, 0, 0],
                    scratch: &scratch, into: &result)
                #expect(result == expected, "\(name)")
            }
        }
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
