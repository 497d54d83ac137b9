/// How much a training set keeps; beyond, the oldest go first and are counted.
struct TrainingSetLimits: Sendable, Equatable {
    /// Days that a window waits for a label.
    var unlabelledDays: Double
    /// Bytes of values of one task; windows that teach nothing yet go first.
    var bytes: Int
    /// Windows of one task, repeats of a recording included.
    var windows: Int

    init(unlabelledDays: Double = 30, bytes: Int = 1 << 30, windows: Int = 400_000) {
        self.unlabelledDays = unlabelledDays
        self.bytes = bytes
        self.windows = windows
    }
}
