import Telemetry

/// Which windows go up, why, and what is wanted back.
struct UploadPolicy: Sendable {
    struct Choice: Sendable, Equatable {
        var reason: WindowMessage.Reason
        var want: WindowMessage.Want
    }

    private let sampleShare: Double
    private let rate: Double
    private let burst: Double
    private var tokens: Double
    private var refilled: Double

    /// Uncertain windows that the rate limit kept back.
    private(set) var limited = 0

    /// - Parameters:
    ///   - sampleShare: of windows, 0 to 1.
    ///   - rate: uncertain windows a second.
    ///   - burst: uncertain windows at once.
    init(sampleShare: Double, rate: Double, burst: Double, now: Double) {
        self.sampleShare = sampleShare
        self.rate = rate
        self.burst = burst
        tokens = burst
        refilled = now
    }

    /// Without a student every window of a device that may train goes up.
    static func bootstrap(isEvaluation: Bool) -> Choice? {
        isEvaluation ? nil : Choice(reason: .bootstrap, want: .training)
    }

    /// With a student: every window of an evaluation device for a verdict, uncertain ones as far as the rate allows, and
    /// a share of the others for training.
    mutating func choose(_ window: WindowID, isEvaluation: Bool, isUncertain: Bool, now: Double) -> Choice? {
        if isEvaluation { return Choice(reason: .sample, want: .verdict) }
        if isUncertain {
            if takeToken(now: now) { return Choice(reason: .uncertain, want: .verdict) }
            limited += 1
        }
        return Self.draw(window) < sampleShare ? Choice(reason: .sample, want: .training) : nil
    }

    private mutating func takeToken(now: Double) -> Bool {
        tokens = min(burst, tokens + max(0, now - refilled) * rate)
        refilled = now
        guard tokens >= 1 else { return false }
        tokens -= 1
        return true
    }

    /// A number in [0, 1) that depends on the window alone, so that a restarted edge chooses the same windows.
    ///
    /// FNV-1a over the name, with the finaliser of SplitMix64, for neighbouring windows differ in few bits.
    static func draw(_ window: WindowID) -> Double {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in window.description.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        hash = (hash ^ (hash >> 30)) &* 0xBF58_476D_1CE4_E5B9
        hash = (hash ^ (hash >> 27)) &* 0x94D0_49BB_1331_11EB
        return Double((hash ^ (hash >> 31)) >> 11) / 9_007_199_254_740_992
    }
}
