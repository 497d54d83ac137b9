import TensorKernels

/// The normalisation of a window in an arena: each channel's mean and factor, repeated until a whole number of vectors
/// holds a whole number of samples.
struct InputScaling {
    /// Elements after which both repeat.
    let period: Int
    private let means: Int
    private let factors: Int

    init(mean: [Float], factor: [Float], in image: inout ArenaImage) {
        var period = mean.count
        while period % 16 != 0 { period *= 2 }
        self.period = period
        means = image.store((0..<period).map { mean[$0 % mean.count] })
        factors = image.store((0..<period).map { factor[$0 % factor.count] })
    }

    func mean(_ arena: Arena) -> UnsafePointer<Float> { floats(arena, means) }
    func factor(_ arena: Arena) -> UnsafePointer<Float> { floats(arena, factors) }

    private func floats(_ arena: Arena, _ offset: Int) -> UnsafePointer<Float> {
        UnsafePointer((arena.base + offset).assumingMemoryBound(to: Float.self))
    }
}
