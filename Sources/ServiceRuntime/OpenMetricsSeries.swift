import CoreMetrics
import Synchronization

/// One metric with one set of labels, counted as things happen.
final class OpenMetricsSeries: CounterHandler, FloatingPointCounterHandler, MeterHandler, RecorderHandler, TimerHandler
{
    /// Upper bounds of a histogram's buckets: 100 µs to 100 s where it is of times.
    static let bounds: [Double] = [
        0.0001, 0.000_25, 0.000_5, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 100,
    ]

    private struct State {
        var value = 0.0
        var count = 0
        /// Observations at or below each bound but above the one before it.
        var buckets: [Int] = []
    }

    let kind: MetricDefinition.Kind
    private let state: Mutex<State>

    init(_ kind: MetricDefinition.Kind) {
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

    /// Its lines now.
    func samples(_ labels: [(name: String, value: String)]) -> [MetricFamily.Sample] {
        let state = state.withLock { $0 }
        func sample(_ suffix: String, _ value: Double, _ more: (name: String, value: String)? = nil)
            -> MetricFamily.Sample
        {
            MetricFamily.Sample(suffix: suffix, labels: labels + (more.map { [$0] } ?? []), value: value)
        }
        switch kind {
        case .counter: return [sample("_total", state.value)]
        case .gauge, .info: return [sample("", state.value)]
        case .histogram:
            var below = 0
            var samples: [MetricFamily.Sample] = []
            for (bound, count) in zip(Self.bounds, state.buckets) {
                below += count
                samples.append(sample("_bucket", Double(below), ("le", "\(bound)")))
            }
            return samples + [
                sample("_bucket", Double(state.count), ("le", "+Inf")), sample("_count", Double(state.count)),
                sample("_sum", state.value),
            ]
        }
    }
}
