internal import CKernels

/// Where the constants of an f32 layer stand in an ``Arena``.
package struct FloatLayer {
    package let outputs: Int
    private let packed: Int
    private let bias: Int
    private let isRectified: Bool

    /// - Parameters:
    ///   - weights: (outputs × depth), row-major; of a depthwise convolution (channels × taps).
    ///   - isRectified: whether a ReLU follows.
    package init(
        weights: [Float], bias: [Float], isRectified: Bool, kernels: KernelTable, in image: inout ArenaImage
    ) {
        let depth = weights.count / bias.count
        precondition(weights.count == bias.count * depth, "weights must be outputs × depth")
        var packed = [Float](repeating: 0, count: kernels.packedCount(depth: depth, columns: bias.count))
        packed.withUnsafeMutableBufferPointer { buffer in
            guard let base = buffer.baseAddress else { return }
            kernels.pack(
                into: base, depth: depth, count: depth, columns: bias.count, source: weights, depthStride: 1,
                columnStride: depth)
        }
        outputs = bias.count
        self.isRectified = isRectified
        self.packed = image.store(packed)
        let padded = kernels.packedCount(depth: 1, columns: bias.count)
        self.bias = image.store(bias + Array(repeating: 0, count: padded - bias.count))
    }

    func c(_ base: UnsafeRawPointer) -> ck_float_layer {
        ck_float_layer(
            packed: (base + packed).assumingMemoryBound(to: Float.self),
            bias: (base + bias).assumingMemoryBound(to: Float.self), outputs: outputs, relu: isRectified ? 1 : 0)
    }
}
