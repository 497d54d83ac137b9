internal import CKernels

/// The float kernels. Results are the same bits for the same level and shapes.
extension KernelTable {
    /// Floats that a packed right side of `columns` columns takes.
    package func packedCount(depth: Int, columns: Int) -> Int {
        let panel = table.pointee.panel
        return (columns + panel - 1) / panel * panel * depth
    }

    /// Packs `count` rows of a right side B (depth × columns), from row `offset` of its depth on.
    ///
    /// - Parameter source: B[offset + k][j] is `source[k · depthStride + j · columnStride]`.
    package func pack(
        into packed: UnsafeMutablePointer<Float>, depth: Int, offset: Int = 0, count: Int, columns: Int,
        source: UnsafePointer<Float>, depthStride: Int, columnStride: Int
    ) {
        table.pointee.pack(packed, depth, offset, count, columns, source, depthStride, columnStride)
    }

    /// C = A · B (+ bias), or C += A · B.
    ///
    /// - Shapes: A (m × depth), B (depth × columns) packed, bias (columns), C (m × columns).
    package func multiply(
        _ a: FloatRows, depth: Int, packed: UnsafePointer<Float>, columns: Int, bias: UnsafePointer<Float>? = nil,
        into c: FloatRows, accumulate: Bool = false
    ) {
        assert(a.count == c.count, "as many rows out as in")
        table.pointee.multiply(a.c, depth, packed, columns, bias, c.c, accumulate ? 1 : 0)
    }

    /// Floats of scratch for ``addOuter(_:m:_:n:to:scratch:)``.
    package func outerScratchCount(m: Int, n: Int) -> Int { table.pointee.outer_scratch(m, n) }

    /// C += Aᵀ · B: the sum over rows of outer products, as for the gradient of weights.
    ///
    /// - Shapes: A (rows × m), B (rows × n), C (m × n) contiguous.
    package func addOuter(
        _ a: FloatRows, m: Int, _ b: FloatRows, n: Int, to c: UnsafeMutablePointer<Float>,
        scratch: UnsafeMutablePointer<Float>
    ) {
        assert(a.count == b.count, "as many rows on both sides")
        table.pointee.outer(a.c, m, b.c, n, c, scratch)
    }

    /// Mean and biased variance of each channel over all rows.
    package func moments(
        _ x: FloatRows, channels: Int, mean: UnsafeMutablePointer<Float>, variance: UnsafeMutablePointer<Float>
    ) {
        table.pointee.moments(x.c, channels, mean, variance)
    }

    /// y = x · scale + shift per channel; not below 0 if `relu`.
    package func scaleShift(
        _ x: FloatRows, channels: Int, scale: UnsafePointer<Float>, shift: UnsafePointer<Float>, relu: Bool,
        into y: FloatRows
    ) {
        table.pointee.scale_shift(x.c, channels, scale, shift, relu ? 1 : 0, y.c)
    }

    /// Per channel Σ g and Σ g · (x − mean); with `relu` g counts only where y > 0.
    package func normSums(
        gradient g: FloatRows, _ x: FloatRows, output y: FloatRows, relu: Bool, channels: Int,
        mean: UnsafePointer<Float>, sum: UnsafeMutablePointer<Float>, product: UnsafeMutablePointer<Float>
    ) {
        table.pointee.norm_sums(g.c, x.c, y.c, relu ? 1 : 0, channels, mean, sum, product)
    }

    /// d = scale · g + slope · (x − mean) + shift per channel, g masked as in `normSums`.
    package func normBack(
        gradient g: FloatRows, _ x: FloatRows, output y: FloatRows, relu: Bool, channels: Int,
        mean: UnsafePointer<Float>, scale: UnsafePointer<Float>, slope: UnsafePointer<Float>,
        shift: UnsafePointer<Float>, into d: FloatRows
    ) {
        table.pointee.norm_back(g.c, x.c, y.c, relu ? 1 : 0, channels, mean, scale, slope, shift, d.c)
    }

    /// Adds each channel's sum over all rows.
    package func addColumnSums(_ x: FloatRows, channels: Int, to sum: UnsafeMutablePointer<Float>) {
        table.pointee.column_sums(x.c, channels, sum)
    }

    /// Maximum over non-overlapping windows of `size` rows inside each group.
    package func maxPool(_ x: FloatRows, size: Int, channels: Int, into y: FloatRows) {
        table.pointee.max_pool(x.c, size, channels, y.c)
    }

    /// d = g where x was the first maximum of its window, 0 elsewhere. `scratch` holds (channels).
    package func maxPoolBack(
        gradient g: FloatRows, _ x: FloatRows, output y: FloatRows, size: Int, channels: Int, into d: FloatRows,
        scratch: UnsafeMutablePointer<Float>
    ) {
        table.pointee.max_pool_back(g.c, x.c, y.c, size, channels, d.c, scratch)
    }

    /// One step of Adam with decoupled decay towards `anchor`.
    ///
    /// - Source: Kingma & Ba 2015, arXiv:1412.6980; Loshchilov & Hutter 2019, arXiv:1711.05101, algorithm 2.
    /// - Parameters:
    ///   - decay: share of the decay that each value gets (0 for biases).
    ///   - rate: learning rate over the first moment's bias correction 1 − β₁ᵗ.
    ///   - rootCorrection: 1 / √(1 − β₂ᵗ).
    ///   - decayRate: learning rate times weight decay.
    package func adamW(
        count: Int, values: UnsafeMutablePointer<Float>, gradients: UnsafePointer<Float>,
        first: UnsafeMutablePointer<Float>, second: UnsafeMutablePointer<Float>, decay: UnsafePointer<Float>,
        anchor: UnsafePointer<Float>, beta1: Float, beta2: Float, rate: Float, rootCorrection: Float, epsilon: Float,
        decayRate: Float
    ) {
        table.pointee.adamw(
            count, values, gradients, first, second, decay, anchor, beta1, beta2, rate, rootCorrection, epsilon,
            decayRate)
    }
}
