/// Pooling over samples of u8 activations, channels last.
enum Pooling {
    /// The maximum of every `size` samples.
    static func maximum(
        _ input: UnsafePointer<UInt8>, into output: UnsafeMutablePointer<UInt8>, samples: Int, size: Int, channels: Int
    ) {
        for sample in 0..<samples {
            let source = input + sample * size * channels
            let target = output + sample * channels
            for channel in 0..<channels { target[channel] = source[channel] }
            for row in 1..<max(1, size) {
                let next = source + row * channels
                for channel in 0..<channels { target[channel] = max(target[channel], next[channel]) }
            }
        }
    }

    /// The mean of every `size` samples, halves up: `(2 · Σa + size) / (2 · size)`.
    static func average(
        _ input: UnsafePointer<UInt8>, into output: UnsafeMutablePointer<UInt8>, samples: Int, size: Int, channels: Int
    ) {
        for sample in 0..<samples {
            let source = input + sample * size * channels
            let target = output + sample * channels
            for channel in 0..<channels {
                var sum = 0
                for row in 0..<size { sum &+= Int(source[row &* channels &+ channel]) }
                target[channel] = UInt8(truncatingIfNeeded: (2 * sum + size) / (2 * size))
            }
        }
    }
}
