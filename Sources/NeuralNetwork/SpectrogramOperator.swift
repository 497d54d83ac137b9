import ModelArtifact
import TensorKernels

/// Logarithm of the short-time power spectrum of each channel, as products of overlapping frames with sines and cosines.
///
/// Power is over the window's energy, so that white noise of unit deviation has a mean power of 1 in every bin.
///
/// - Shapes: input (windows × samples × channels), output (windows × frames × bins × channels).
/// - Units: nats; powers below 10⁻⁶ are lost in the floor that is added before the logarithm.
final class SpectrogramOperator: Operator {
    static let floor: Float = 1e-6

    private let input: Signal
    private let output: Signal
    private let frame: Int
    private let hop: Int
    private let frames: Int
    private let bins: Int
    /// 1 / Σ window².
    private let scale: Float
    /// Right sides (frame × 2 · bins) and its transpose: the window times cosines, then times negated sines.
    private let basis: FloatBuffer
    private let transposed: FloatBuffer
    /// (channels × samples) of one window.
    private let plane: FloatBuffer
    /// (windows × channels × frames × 2 · bins): real parts, then imaginary parts.
    private let spectra: FloatBuffer
    /// (channels × frames × 2 · bins) and (channels × frames × frame) of one window's gradients.
    private let spectrumGradient: FloatBuffer
    private let frameGradient: FloatBuffer

    init(
        input: Signal, output: Signal, to: NetworkSpec.Extent, frame: Int, hop: Int, capacity: Int, kernels: KernelTable
    ) {
        self.input = input
        self.output = output
        self.frame = frame
        self.hop = hop
        frames = to.samples
        bins = to.columns
        let parts = 2 * bins
        // Hann, periodic.
        let window = (0..<frame).map { 0.5 - 0.5 * cosine(2 * .pi * Float($0) / Float(frame)) }
        scale = 1 / window.reduce(0) { $0 + $1 * $1 }
        let table = FloatBuffer(count: frame * parts)
        for k in 0..<frame {
            for bin in 0..<bins {
                let angle = 2 * Float.pi * Float(k * bin % frame) / Float(frame)
                table.pointer[k * parts + bin] = window[k] * cosine(angle)
                table.pointer[k * parts + bins + bin] = -window[k] * sine(angle)
            }
        }
        basis = FloatBuffer(count: kernels.packedCount(depth: frame, columns: parts))
        kernels.pack(
            into: basis.pointer, depth: frame, count: frame, columns: parts, source: table.pointer, depthStride: parts,
            columnStride: 1)
        let channels = to.channels
        let trained = input.gradient == nil ? 0 : 1
        transposed = FloatBuffer(count: trained * kernels.packedCount(depth: parts, columns: frame))
        if trained == 1 {
            kernels.pack(
                into: transposed.pointer, depth: parts, count: parts, columns: frame, source: table.pointer,
                depthStride: 1, columnStride: parts)
        }
        plane = FloatBuffer(count: channels * input.values.samples)
        spectra = FloatBuffer(count: capacity * channels * frames * parts)
        spectrumGradient = FloatBuffer(count: trained * channels * frames * parts)
        frameGradient = FloatBuffer(count: trained * channels * frames * frame)
    }

    private var channels: Int { input.values.channels }

    private func spectrum(_ window: Int) -> UnsafeMutablePointer<Float> {
        spectra.pointer + window * channels * frames * 2 * bins
    }

    func forward(_ context: PassContext) {
        let (channels, samples, bins, frames) = (channels, input.values.samples, bins, frames)
        for window in 0..<context.count {
            let x = input.values.window(window)
            for sample in 0..<samples {
                for c in 0..<channels { plane.pointer[c * samples + sample] = x[sample * channels + c] }
            }
            let spectrum = spectrum(window)
            context.kernels.multiply(
                FloatRows(
                    base: plane.pointer, groupStride: samples, rowStride: hop, rows: frames, groups: channels),
                depth: frame, packed: basis.pointer, columns: 2 * bins,
                into: FloatRows(base: spectrum, rowStride: 2 * bins, rows: channels * frames))
            let y = output.values.window(window)
            for c in 0..<channels {
                for row in 0..<frames {
                    let real = spectrum + (c * frames + row) * 2 * bins
                    let imaginary = real + bins
                    let to = y + row * bins * channels + c
                    for bin in 0..<bins {
                        let power = real[bin] * real[bin] + imaginary[bin] * imaginary[bin]
                        to[bin * channels] = logarithm(scale * power + Self.floor)
                    }
                }
            }
        }
    }

    func backward(_ context: PassContext) {
        guard let gradient = output.gradient, let target = input.gradient else { return }
        let rows = channels * frames
        for window in 0..<context.count {
            differentiate(gradient.window(window), spectrum(window))
            context.kernels.multiply(
                FloatRows(base: spectrumGradient.pointer, rowStride: 2 * bins, rows: rows), depth: 2 * bins,
                packed: transposed.pointer, columns: frame,
                into: FloatRows(base: frameGradient.pointer, rowStride: frame, rows: rows))
            let d = target.window(window)
            d.update(repeating: 0, count: input.values.samples * channels)
            for c in 0..<channels {
                for row in 0..<frames {
                    let from = frameGradient.pointer + (c * frames + row) * frame
                    let to = d + row * hop * channels + c
                    for k in 0..<frame { to[k * channels] += from[k] }
                }
            }
        }
    }

    /// The gradient by real and imaginary parts.
    private func differentiate(_ g: UnsafePointer<Float>, _ spectrum: UnsafePointer<Float>) {
        for c in 0..<channels {
            for row in 0..<frames {
                let start = (c * frames + row) * 2 * bins
                for bin in 0..<bins {
                    let real = spectrum[start + bin]
                    let imaginary = spectrum[start + bins + bin]
                    let power = scale * (real * real + imaginary * imaginary) + Self.floor
                    let slope = 2 * scale * g[(row * bins + bin) * channels + c] / power
                    spectrumGradient.pointer[start + bin] = slope * real
                    spectrumGradient.pointer[start + bins + bin] = slope * imaginary
                }
            }
        }
    }
}
