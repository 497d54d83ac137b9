internal import CKernels

/// The layers of a network that only infers. int8 results are the same bits on every level; f32 results are the same for
/// the same level, however many rows are computed at a time.
extension KernelTable {
    /// Activations (u8), or sums (i32), of a dense layer or convolution: (rows × outputs).
    ///
    /// - Parameters:
    ///   - base: the arena that holds the layer's constants.
    ///   - input: the first patch; up to 3 bytes behind each run are read and not used.
    ///   - scratch: of ``Int8Layer/scratchCount`` elements.
    package func product(
        _ layer: Int8Layer, in base: UnsafeRawPointer, _ patches: Patches, input: UnsafePointer<UInt8>,
        scratch: UnsafeMutablePointer<Int32>, into output: UnsafeMutableRawPointer
    ) {
        var (layer, patches) = (layer.c(base), patches.c)
        table.pointee.u8s8(input, &patches, &layer, scratch, output)
    }

    /// Activations of a depthwise convolution, whose taps are the segments. Up to 15 bytes behind each run are read and
    /// not used.
    package func depthwise(
        _ layer: Int8Layer, in base: UnsafeRawPointer, _ patches: Patches, input: UnsafePointer<UInt8>,
        into output: UnsafeMutablePointer<UInt8>
    ) {
        var (layer, patches) = (layer.c(base), patches.c)
        table.pointee.u8s8_depthwise(input, &patches, &layer, output)
    }

    /// The maximum of every `size` rows. Reads like ``depthwise(_:in:_:input:into:)``.
    package func maximum(
        of input: UnsafePointer<UInt8>, rows: Int, size: Int, channels: Int, into output: UnsafeMutablePointer<UInt8>
    ) {
        table.pointee.u8_max_pool(input, rows, size, channels, output)
    }

    /// The mean of every `size` rows, halves up: `(2 · Σa + size) / (2 · size)`.
    package func average(
        of input: UnsafePointer<UInt8>, rows: Int, size: Int, channels: Int, into output: UnsafeMutablePointer<UInt8>
    ) {
        table.pointee.u8_average_pool(input, rows, size, channels, output)
    }

    /// `clamp(round((window − mean) · factor) + 128, 0, 255)`, ties to even.
    ///
    /// - Parameter period: elements after which `mean` and `factor` repeat, a multiple of 16.
    /// - Returns: false where a value is not finite.
    package func quantise(
        _ window: UnsafePointer<Float>, count: Int, mean: UnsafePointer<Float>, factor: UnsafePointer<Float>,
        period: Int, into output: UnsafeMutablePointer<UInt8>
    ) -> Bool {
        table.pointee.quantise(window, count, mean, factor, period, output) != 0
    }

    /// Outputs of a dense layer or convolution with its ReLU: (rows × outputs).
    package func product(
        _ layer: FloatLayer, in base: UnsafeRawPointer, _ patches: Patches, input: UnsafePointer<Float>,
        into output: UnsafeMutablePointer<Float>
    ) {
        var (layer, patches) = (layer.c(base), patches.c)
        table.pointee.dense(input, &patches, &layer, output)
    }

    /// Outputs of a depthwise convolution, whose taps are the segments. Up to 15 floats behind each run are read and not
    /// used.
    package func depthwise(
        _ layer: FloatLayer, in base: UnsafeRawPointer, _ patches: Patches, input: UnsafePointer<Float>,
        into output: UnsafeMutablePointer<Float>
    ) {
        var (layer, patches) = (layer.c(base), patches.c)
        table.pointee.depthwise(input, &patches, &layer, output)
    }

    /// The maximum of every `size` rows, or their mean. Reads like a depthwise convolution.
    package func pool(
        _ input: UnsafePointer<Float>, rows: Int, size: Int, channels: Int, average: Bool,
        into output: UnsafeMutablePointer<Float>
    ) {
        table.pointee.pool(input, rows, size, channels, average ? 1 : 0, output)
    }

    /// `(window − mean) · factor`; otherwise as ``quantise(_:count:mean:factor:period:into:)``.
    package func normalise(
        _ window: UnsafePointer<Float>, count: Int, mean: UnsafePointer<Float>, factor: UnsafePointer<Float>,
        period: Int, into output: UnsafeMutablePointer<Float>
    ) -> Bool {
        table.pointee.normalise(window, count, mean, factor, period, output) != 0
    }
}
