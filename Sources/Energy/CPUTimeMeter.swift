/// Models the joules of computing: this process's processor time times what a busy core draws.
public struct CPUTimeMeter: EnergyMeter {
    public let name = "cpu-time"
    private let profile: DeviceProfile
    private let clock: ProcessorClock
    private let start: Double

    public init(profile: DeviceProfile, clock: ProcessorClock = .system()) {
        self.profile = profile
        self.clock = clock
        self.start = clock.process()
    }

    /// `compute`: above idling, so that it can be added to an idle share.
    public mutating func read(now: Double) -> [String: EnergyFigure] {
        ["compute": profile.compute(seconds: clock.process() - start)]
    }
}
