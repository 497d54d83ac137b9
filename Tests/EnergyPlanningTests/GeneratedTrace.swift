import EnergyPlanning

/// A node that wakes, infers and sleeps, as an analyser would record it.
struct GeneratedTrace {
    var activeWatts = 0.042
    var sleepWatts = 0.0002
    var activeSeconds = 0.020
    var sleepSeconds = 0.180
    var pulses = 60
    var samplesPerSecond = 10_000.0
    /// Standard deviation over the level.
    var noise = 0.0
    /// By which share power has grown at the end.
    var drift = 0.0
    private var state: UInt64 = 0x9E37_79B9_7F4A_7C15

    init(_ change: (inout Self) -> Void = { _ in }) { change(&self) }

    /// Joules of a pulse without noise and drift.
    var joules: Double { activeWatts * activeSeconds }

    private mutating func uniform() -> Double {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Double(state >> 11) / Double(1 << 53)
    }

    /// About standard normal: twelve uniform numbers less six.
    private mutating func normal() -> Double { (0..<12).reduce(-6.0) { sum, _ in sum + uniform() } }

    mutating func trace(marked: Bool = false) -> PowerTrace {
        let period = activeSeconds + sleepSeconds
        let count = Int((Double(pulses) * period + sleepSeconds) * samplesPerSecond)
        var trace = PowerTrace(times: [], watts: [])
        for index in 0..<count {
            let time = Double(index) / samplesPerSecond
            // It sleeps first.
            let isActive = (time + 1e-9).truncatingRemainder(dividingBy: period) >= sleepSeconds
            let level = (isActive ? activeWatts : sleepWatts) * (1 + drift * Double(index) / Double(count))
            trace.times.append(time)
            trace.watts.append(max(1e-7, level * (1 + noise * normal())))
            if marked { trace.marks.append(isActive) }
        }
        return trace
    }
}
