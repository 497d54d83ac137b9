@testable import TensorKernels

/// An int8 layer with random parameters and an input for it, and what plain loops make of them.
struct RandomLayer {
    let patches: Patches
    let outputs: Int
    let isDepthwise: Bool
    let input: [UInt8]
    let weights: [Int8]
    let bias: [Int32]
    let requantisation: Int8Layer.Requantisation

    init(rows: Int, outputs: Int, patches: Patches, isDepthwise: Bool = false, _ random: inout SweepGenerator) {
        self.patches = patches
        self.outputs = outputs
        self.isDepthwise = isDepthwise
        let isExtreme = random.next() % 3 == 0
        let reach = (rows - 1) * patches.rowStride + (patches.segments - 1) * patches.segmentStride + patches.length
        // Behind the last run kernels may read a few bytes.
        input = (0..<reach + 16).map { _ in isExtreme ? 255 : UInt8(random.next() % 256) }
        weights = (0..<outputs * (isDepthwise ? patches.segments : patches.depth)).map { _ in
            isExtreme ? (random.next() % 2 == 0 ? 127 : -127) : Int8(truncatingIfNeeded: random.next())
        }
        bias = (0..<outputs).map { _ in Int32(truncatingIfNeeded: random.next() % 20_001) - 10_000 }
        // One layer in four has a factor above a quarter.
        let isLoud = random.next() % 4 == 0
        requantisation = .init(
            multiplier: (0..<outputs).map { _ in Int32(truncatingIfNeeded: random.next() % (1 << 30) + (1 << 30)) },
            shift: (0..<outputs).map { _ in UInt8(random.next() % 6 + (isLoud ? 29 : 38)) },
            zeroPoint: random.next() % 2 == 0 ? 0 : 128)
    }

    func sums() -> [Int32] {
        (0..<patches.rows * outputs).map { index in
            let (row, output) = (index / outputs, index % outputs)
            var sum = Int64(bias[output])
            for segment in 0..<patches.segments {
                let run = row * patches.rowStride + segment * patches.segmentStride
                if isDepthwise {
                    sum += Int64(input[run + output]) * Int64(weights[output * patches.segments + segment])
                    continue
                }
                for k in 0..<patches.length {
                    let weight = weights[(output * patches.segments + segment) * patches.length + k]
                    sum += Int64(input[run + k]) * Int64(weight)
                }
            }
            return Int32(sum)
        }
    }

    /// (rows / pool × outputs).
    func activations() -> [UInt8] {
        let sums = sums()
        let kept = (0..<sums.count / patches.pool).map { index in
            let first = index / outputs * patches.pool * outputs + index % outputs
            return patches.pool == 2 ? max(sums[first], sums[first + outputs]) : sums[first]
        }
        return kept.enumerated().map { index, sum in
            let output = index % outputs
            let shift = Int64(requantisation.shift[output])
            let value = (Int64(sum) * Int64(requantisation.multiplier[output]) + (1 << (shift - 1))) >> shift
            return UInt8(min(255, max(0, value + Int64(requantisation.zeroPoint))))
        }
    }

    func run(_ table: KernelTable, requantised: Bool) -> [Int32] {
        var image = ArenaImage()
        let layer =
            isDepthwise
            ? Int8Layer(
                depthwise: weights, taps: patches.segments, bias: bias, requantisation: requantisation, in: &image)
            : Int8Layer(
                weights: weights, segments: patches.segments, length: patches.length, bias: bias,
                requantisation: requantised ? requantisation : nil, in: &image)
        let arena = Arena(image)
        var scratch = [Int32](repeating: .max, count: layer.scratchCount)
        guard requantised else {
            var result = [Int32](repeating: .max, count: patches.rows * outputs)
            table.product(layer, in: arena.base, patches, input: input, scratch: &scratch, into: &result)
            return result
        }
        var result = [UInt8](repeating: 9, count: patches.rows / patches.pool * outputs)
        if isDepthwise {
            table.depthwise(layer, in: arena.base, patches, input: input, into: &result)
        } else {
            table.product(layer, in: arena.base, patches, input: input, scratch: &scratch, into: &result)
        }
        return result.map(Int32.init)
    }
}
