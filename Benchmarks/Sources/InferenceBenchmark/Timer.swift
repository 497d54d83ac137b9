import Inference
import ModelArtifact

/// What both kinds of engine do with windows in raw units.
protocol WindowEngine {
    associatedtype Logit
    var inputCount: Int { get }
    var outputCount: Int { get }
    func infer(
        windows: UnsafeBufferPointer<Float>, count: Int, into logits: UnsafeMutableBufferPointer<Logit>
    ) throws(InferenceError)
}

extension InferenceEngine: WindowEngine {}
extension FloatEngine: WindowEngine {}

/// Times engines on a long signal: separate windows, or ones that overlap.
struct Timer {
    private let signal: [Float]
    private let spec: NetworkSpec
    private static let separate = 256

    init(spec: NetworkSpec) {
        self.spec = spec
        signal = BenchmarkNetwork.windows(Self.separate, spec).flatMap { $0 }
    }

    /// Prints the nanoseconds a window: the best and the median of many short runs.
    func report<Engine: WindowEngine>(
        _ name: String, _ engine: Engine, windows: Int = 1, step: Int? = nil
    ) throws {
        var runs: [Double] = []
        let clock = ContinuousClock()
        for _ in 0..<120 {
            let began = clock.now
            let count = try run(engine, windows: windows, step: step) { _ in }
            runs.append((clock.now - began) / .nanoseconds(1) / Double(count))
        }
        runs.sort()
        print("{\"case\": \"\(name)\", \"best\": \(runs[0]), \"median\": \(runs[runs.count / 2])}")
    }

    /// Prints percentiles of the nanoseconds of single windows.
    func reportTail<Engine: WindowEngine>(_ name: String, _ engine: Engine, windows: Int) throws {
        let clock = ContinuousClock()
        var all: [Double] = []
        all.reserveCapacity(windows + Self.separate)
        while all.count < windows {
            var before = clock.now
            _ = try run(engine, windows: 1, step: nil) { _ in
                let now = clock.now
                all.append((now - before) / .nanoseconds(1))
                before = clock.now
            }
        }
        all.sort()
        func percentile(_ share: Double) -> Double { all[Int(Double(all.count - 1) * share)] }
        print(
            "{\"case\": \"\(name)\", \"windows\": \(all.count), \"p50\": \(percentile(0.5)), \"p99\": "
                + "\(percentile(0.99)), \"p99.9\": \(percentile(0.999)), \"most\": \(percentile(1))}")
    }

    /// Infers all windows of the signal once.
    private func run<Engine: WindowEngine>(
        _ engine: Engine, windows: Int, step: Int?, _ each: (Int) -> Void
    ) throws -> Int {
        let size = engine.inputCount * windows
        let advance = step.map { $0 * spec.channels } ?? size
        let calls = min(Self.separate / windows, (signal.count - size) / advance + 1)
        return try withUnsafeTemporaryAllocation(of: Engine.Logit.self, capacity: engine.outputCount * windows) {
            logits in
            try signal.withUnsafeBufferPointer { signal in
                for call in 0..<calls {
                    let window = signal[call * advance..<call * advance + size]
                    try engine.infer(windows: UnsafeBufferPointer(rebasing: window), count: windows, into: logits)
                    each(call)
                }
                return calls * windows
            }
        }
    }
}
