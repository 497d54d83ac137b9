/// Turns the time that passes into device time, `speed` times as fast.
///
/// It measures from call to call, so that a late wake-up is made good at the next and nothing drifts. After a standstill
/// (a suspended machine, a broker that held us up) playback goes on where it was instead of catching up in one burst.
struct PlaybackClock {
    /// Standstills are not made good beyond this, in seconds.
    static let patience = 1.0

    let speed: Double
    private(set) var deviceTime: Double
    /// Seconds of standstill that were left out.
    private(set) var leftOut = 0.0
    private var last: Double

    init(start: Double, speed: Double, now: Double) {
        self.speed = speed
        deviceTime = start
        last = now
    }

    /// - Parameter now: seconds of any clock that only moves forward.
    mutating func advance(to now: Double) -> Double {
        let passed = max(0, now - last)
        last = max(last, now)
        leftOut += max(0, passed - Self.patience)
        deviceTime += min(passed, Self.patience) * speed
        return deviceTime
    }
}
