internal import CKernels

/// Where the constants of an int8 layer stand in an ``Arena``.
package struct Int8Layer {
    /// How sums become activations: `clamp(((sum · multiplier + 2^(shift − 1)) >> shift) + zeroPoint, 0, 255)`, per output.
    package struct Requantisation {
        /// 0 ≤ multiplier < 2³¹.
        package var multiplier: [Int32]
        /// 1...62.
        package var shift: [UInt8]
        package var zeroPoint: UInt8

        package init(multiplier: [Int32], shift: [UInt8], zeroPoint: UInt8) {
            self.multiplier = multiplier
            self.shift = shift
            self.zeroPoint = zeroPoint
        }
    }

    package let outputs: Int
    private let packed: Int
    private let bias: Int
    private let multiplier: Int?
    private let shift: Int
    private let round: Int
    private let zeroPoint: Int32
    private let isGeneral: Bool

    /// A dense layer or a convolution.
    ///
    /// - Parameters:
    ///   - weights: (outputs × segments × length), row-major.
    ///   - bias: (outputs); a zero point z of the input is taken off by bias − z · Σ weight.
    ///   - requantisation: none where the sums themselves are wanted.
    package init(
        weights: [Int8], segments: Int, length: Int, bias: [Int32], requantisation: Requantisation?,
        in image: inout ArenaImage
    ) {
        precondition(weights.count == bias.count * segments * length, "weights must be outputs × segments × length")
        let size = ck_int8_packed_size(bias.count, segments, length)
        let packed = [Int8](unsafeUninitializedCapacity: size) { buffer, count in
            ck_int8_pack(weights, bias.count, segments, length, buffer.baseAddress)
            count = size
        }
        self.init(packed: packed, bias: bias, requantisation: requantisation, in: &image)
    }

    /// A convolution of each channel with a filter of its own.
    ///
    /// - Parameter depthwise: (channels × taps), row-major.
    package init(
        depthwise weights: [Int8], taps: Int, bias: [Int32], requantisation: Requantisation, in image: inout ArenaImage
    ) {
        precondition(weights.count == bias.count * taps, "weights must be channels × taps")
        let block = Int(CK_INT8_OUTPUTS)
        var packed: [Int8] = []
        for first in stride(from: 0, to: bias.count, by: block) {
            for tap in 0..<taps {
                for channel in first..<first + block {
                    packed.append(channel < bias.count ? weights[channel * taps + tap] : 0)
                }
            }
        }
        self.init(packed: packed, bias: bias, requantisation: requantisation, in: &image)
    }

    private init(packed: [Int8], bias: [Int32], requantisation: Requantisation?, in image: inout ArenaImage) {
        outputs = bias.count
        self.packed = image.store(packed)
        self.bias = image.store(Self.padded(bias, 0))
        zeroPoint = Int32(requantisation?.zeroPoint ?? 0)
        guard let requantisation else {
            (multiplier, shift, round, isGeneral) = (nil, self.bias, self.bias, false)
            return
        }
        precondition(
            requantisation.multiplier.count == outputs && requantisation.shift.count == outputs,
            "a multiplier and a shift for each output are needed")
        var (multiplier, shift) = (requantisation.multiplier, requantisation.shift.map(Int32.init))
        // Twice the multiplier and one more shift are the same factor: so most shifts come to 33 or more, where the
        // product's high half is enough.
        for output in 0..<outputs {
            while shift[output] < 33, multiplier[output] < 1 << 30 {
                multiplier[output] *= 2
                shift[output] += 1
            }
        }
        // What is added to the high half, of at most 2³⁰ itself, must leave room in 32 bits.
        let most: Int32 = requantisation.zeroPoint == 0 ? 62 : 54
        isGeneral = !shift.allSatisfy { (33...most).contains($0) }
        if isGeneral {
            self.multiplier = image.store(Self.padded(requantisation.multiplier, 0))
            self.shift = image.store(Self.padded(requantisation.shift.map(Int32.init), 1))
            round = self.shift
        } else {
            self.multiplier = image.store(Self.padded(multiplier, 0))
            self.shift = image.store(Self.padded(shift.map { $0 - 32 }, 1))
            let zeroPoint = Int32(requantisation.zeroPoint)
            round = image.store(Self.padded(shift.map { 1 << ($0 - 33) + zeroPoint << ($0 - 32) }, 0))
        }
    }

    /// Whether the layer yields sums, not activations.
    package var yieldsSums: Bool { multiplier == nil }

    /// Elements of scratch that products of this layer need.
    package var scratchCount: Int { 3 * Self.padded(outputs) }

    func c(_ base: UnsafeRawPointer) -> ck_int8_layer {
        ck_int8_layer(
            packed: (base + packed).assumingMemoryBound(to: Int8.self), bias: Self.words(base + bias),
            multiplier: multiplier.map { Self.words(base + $0) }, shift: Self.words(base + shift),
            round: Self.words(base + round), zero_point: zeroPoint, general: isGeneral ? 1 : 0, outputs: outputs)
    }

    private static func words(_ pointer: UnsafeRawPointer) -> UnsafePointer<Int32> {
        pointer.assumingMemoryBound(to: Int32.self)
    }

    private static func padded(_ outputs: Int) -> Int {
        let block = Int(CK_INT8_OUTPUTS)
        return (outputs + block - 1) / block * block
    }

    private static func padded(_ values: [Int32], _ rest: Int32) -> [Int32] {
        values + Array(repeating: rest, count: padded(values.count) - values.count)
    }
}
