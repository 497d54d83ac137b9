import CAllocationCounter
import Inference
import ModelArtifact
import Testing

@Suite("Allocation") struct AllocationTests {
    @Test("Engines allocate nothing once they are made", .enabled(if: allocation_count() >= 0))
    func nothing() throws {
        var random = TestRandom(seed: 31)
        let spec = NetworkSpec(
            samples: 60, channels: 3,
            layers: [
                .convolution(filters: 8, kernel: 3, stride: 1, dilation: 2), .relu, .maxPool(size: 2),
                .depthwiseConvolution(kernel: 3, stride: 1), .averagePool(size: 2), .globalMaxPool, .dense(units: 4),
            ])
        let student = RandomNetwork.student(spec, &random)
        let floats = RandomNetwork.floats(spec, &random)
        let signal = (0..<360).map { _ in Float.random(in: -9...9, using: &random) }
        for advance in [nil, 20] {
            let (int8, f32) = (
                try InferenceEngine(student, advance: advance), try FloatEngine(floats, advance: advance)
            )
            var (codes, reals) = ([Int32](repeating: 0, count: 4), [Float](repeating: 0, count: 4))
            var probabilities = [Float](repeating: 0, count: 4)
            let before = allocation_count()
            try signal.withUnsafeBufferPointer { signal in
                for start in [0, 60, 120, 0] {
                    let window = UnsafeBufferPointer(rebasing: signal[start..<start + 180])
                    try codes.withUnsafeMutableBufferPointer { try int8.infer(window, into: $0) }
                    try reals.withUnsafeMutableBufferPointer { try f32.infer(window, into: $0) }
                    codes.withUnsafeBufferPointer { codes in
                        probabilities.withUnsafeMutableBufferPointer { int8.probabilities(codes, into: $0) }
                    }
                }
            }
            #expect(allocation_count() == before, "with the overlap \(String(describing: advance))")
        }
        // The counter counts.
        let before = allocation_count()
        let array = [Float](repeating: 1, count: 1000 + codesCount)
        #expect(array.count >= 1000 && allocation_count() > before)
    }

    /// Keeps the compiler from leaving the array out.
    private var codesCount: Int { Int.random(in: 0...1) }
}
