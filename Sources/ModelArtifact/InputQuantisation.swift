/// Brings windows in raw units to the u8 that a student's first layer reads; trainer and edge share it.
///
/// `q = clamp(round((x − mean) · factor) + 128, 0, 255)`, ties to even, float32 throughout.
public struct InputQuantisation: Sendable, Equatable {
    /// (channels), in raw units.
    public let mean: [Float]
    /// (channels): `1 / (standardDeviation · inputScale)`.
    public let factor: [Float]

    /// - Precondition: as many means as deviations, at least one.
    public init(_ normalisation: Student.Normalisation, inputScale: Float) {
        precondition(
            !normalisation.mean.isEmpty && normalisation.mean.count == normalisation.standardDeviation.count,
            "one mean and one deviation a channel are needed")
        mean = normalisation.mean
        factor = normalisation.standardDeviation.map { 1 / ($0 * inputScale) }
    }

    public init(_ student: Student) { self.init(student.normalisation, inputScale: student.inputScale) }

    /// Quantises a window of (samples × channels).
    ///
    /// - Returns: false where a value is not finite; the output is then unspecified.
    /// - Precondition: `output` is as long as `window`, a multiple of the channels.
    public func apply(_ window: UnsafeBufferPointer<Float>, into output: UnsafeMutableBufferPointer<UInt8>) -> Bool {
        let channels = mean.count
        precondition(window.count == output.count && window.count % channels == 0, "buffers must hold whole samples")
        // Added to a number of at most 2²² this leaves the nearest integer, ties to even, in the lowest bits.
        let rounding: Float = 12_582_912
        var isFinite = true
        var index = 0
        while index < window.count {
            for channel in 0..<channels {
                let value = window[index + channel]
                if !value.isFinite { isFinite = false }
                // max and min in this order turn a NaN into a bound.
                let scaled = Swift.min(127, Swift.max(-128, (value - mean[channel]) * factor[channel]))
                output[index + channel] = UInt8(truncatingIfNeeded: (scaled + rounding).bitPattern) ^ 0x80
            }
            index += channels
        }
        return isFinite
    }

    /// Quantises a window of (samples × channels).
    ///
    /// - Precondition: every value is finite.
    public func callAsFunction(_ window: [Float]) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: window.count) { buffer, count in
            let output = UnsafeMutableBufferPointer(rebasing: buffer[..<window.count])
            let isFinite = window.withUnsafeBufferPointer { apply($0, into: output) }
            precondition(isFinite, "a window to quantise must be finite")
            count = window.count
        }
    }
}
