import CoreMetrics
import Synchronization

/// One metric with one set of labels.
final class OpenMetricsSeries: CounterHandler, FloatingPointCounterHandler, MeterHandler, RecorderHandler, TimerHandler
{
    /// The families of OpenMetrics that are in use.
    enum Kind: String, Sendable { case counter, gauge, summary, histogram }

    /// Upper bounds of a timer's buckets in seconds: 100 µs to 100 s.
    static let bounds: [Double] = [
        0.0001, 0.000_25, 0.000_5, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 100,
    ]

    private struct State {
        var value = 0.0
        var count = 0
        /// Observations at or below each bound but above the one before it.
        var buckets: [Int] = []
    }

    let kind: Kind
    private let state: Mutex<State>

    init(_ kind: Kind) {
        self.kind = kind
        state = Mutex(State(buckets: kind == .histogram ? Array(repeating: 0, count: Self.bounds.count) : []))
    }

    func increment(by amount: Int64) { add(Double(amount)) }

    /// Only upwards: a counter that falls means a restart to its readers.
    func increment(by amount: Double) { add(max(amount, 0)) }
    func decrement(by amount: Double) { add(-amount) }

    private func add(_ amount: Double) {
        guard amount.isFinite else { return }
        state.withLock { $0.value += amount }
    }

    func reset() { state.withLock { $0.value = 0 } }

    func set(_ value: Int64) { set(Double(value)) }
    func set(_ value: Double) { state.withLock { $0.value = value } }

    func record(_ value: Int64) { record(Double(value)) }

    func record(_ value: Double) {
        if kind == .gauge { return set(value) }
        guard value.isFinite else { return }
        state.withLock { state in
            state.value += value
            state.count += 1
            if let bucket = Self.bounds.firstIndex(where: { value <= $0 }), bucket < state.buckets.count {
                state.buckets[bucket] += 1
            }
        }
    }

    func recordNanoseconds(_ duration: Int64) { record(Double(duration) / 1e9) }

    func write(_ name: String, _ labels: [String], to text: inout String) {
        let state = state.withLock { $0 }
        func line(_ suffix: String, _ more: [String], _ value: String) {
            let all = labels + more
            text += name + suffix + (all.isEmpty ? "" : "{\(all.joined(separator: ","))}") + " \(value)\n"
        }
        switch kind {
        case .counter: line("_total", [], Self.format(state.value))
        case .gauge: line("", [], Self.format(state.value))
        case .summary:
            line("_count", [], "\(state.count)")
            line("_sum", [], Self.format(state.value))
        case .histogram:
            var below = 0
            for (bound, count) in zip(Self.bounds, state.buckets) {
                below += count
                line("_bucket", ["le=\"\(bound)\""], "\(below)")
            }
            line("_bucket", ["le=\"+Inf\""], "\(state.count)")
            line("_count", [], "\(state.count)")
            line("_sum", [], Self.format(state.value))
        }
    }

    private static func format(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        return Int64(exactly: value).map { String($0) } ?? String(value)
    }
}
