internal import CKernels

/// int8 weights packed for products with u8 rows: the dense and convolution layers of a student.
///
/// A convolution on channels-last data is a product whose left rows overlap: `rowStride` = stride · channels, depth =
/// kernel · channels. Sums are exact in i32 and the same bits on every ``KernelLevel``.
public struct Int8Matrix: Sendable {
    public let outputs: Int
    /// Inputs of one output.
    public let depth: Int
    let packed: [Int8]
    let kernels: KernelTable

    /// - Parameters:
    ///   - weights: (outputs × depth), row-major.
    ///   - kernels: for tests; the processor's best otherwise.
    /// - Precondition: `outputs` and `depth` above 0, depth at most 65536 (so that no sum leaves i32).
    package init(weights: [Int8], outputs: Int, depth: Int, kernels: KernelTable) {
        precondition(outputs > 0 && (1...65_536).contains(depth), "outputs and depth must be in range")
        precondition(weights.count == outputs * depth, "weights must be outputs × depth")
        self.outputs = outputs
        self.depth = depth
        self.kernels = kernels
        let size = ck_int8_packed_size(outputs, depth)
        packed = [Int8](unsafeUninitializedCapacity: size) { buffer, count in
            ck_int8_pack(weights, outputs, depth, buffer.baseAddress)
            count = size
        }
    }

    /// - Parameter weights: (outputs × depth), row-major.
    /// - Precondition: `outputs` and `depth` above 0, depth at most 65536 (so that no sum leaves i32).
    public init(weights: [Int8], outputs: Int, depth: Int) {
        self.init(weights: weights, outputs: outputs, depth: depth, kernels: .active)
    }

    /// `result[r][o] = bias[o] + Σₖ rows[r · rowStride + k] · weight[o][k]`.
    ///
    /// - Parameters:
    ///   - rows: the first of `count` rows of `depth` bytes; they may overlap. Nothing outside them is read.
    ///   - rowStride: bytes from one row to the next.
    ///   - bias: (outputs), or `nil` for none. A zero point z of the rows is taken off by bias − z · Σₖ weight[o][k].
    ///   - result: (count × outputs), row-major.
    public func multiply(
        rows: UnsafePointer<UInt8>, count: Int, rowStride: Int, bias: UnsafePointer<Int32>?,
        into result: UnsafeMutablePointer<Int32>
    ) {
        kernels.table.pointee.u8s8(rows, count, rowStride, packed, outputs, depth, bias, result, outputs)
    }

    /// The reference of ``multiply(rows:count:rowStride:bias:into:)``: plain loops, for tests.
    package static func reference(
        rows: [UInt8], count: Int, rowStride: Int, weights: [Int8], outputs: Int, bias: [Int32]?
    ) -> [Int32] {
        let depth = weights.count / outputs
        var result = [Int32](repeating: 0, count: count * outputs)
        for row in 0..<count {
            for output in 0..<outputs {
                var sum = bias?[output] ?? 0
                for k in 0..<depth {
                    sum += Int32(rows[row * rowStride + k]) * Int32(weights[output * depth + k])
                }
                result[row * outputs + output] = sum
            }
        }
        return result
    }
}

/// Brings i32 accumulators back to u8 activations.
public enum Requantisation {
    /// `output = clamp((acc · multiplier + 2^(shift − 1)) >> shift, 0, 255)` per column; the product in i64.
    ///
    /// - Parameters:
    ///   - accumulators: (rows × columns), row-major.
    ///   - multiplier: (columns), 0 ≤ multiplier < 2³¹.
    ///   - shift: (columns), 1...62.
    ///   - result: (rows × columns).
    public static func apply(
        _ accumulators: UnsafePointer<Int32>, rows: Int, columns: Int, multiplier: UnsafePointer<Int32>,
        shift: UnsafePointer<UInt8>, into result: UnsafeMutablePointer<UInt8>
    ) {
        KernelTable.active.table.pointee.requantise(accumulators, rows, columns, multiplier, shift, result)
    }
}
