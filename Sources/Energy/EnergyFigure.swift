/// Cumulative joules with their bounds and where they come from.
public struct EnergyFigure: Sendable, Equatable {
    /// Joules.
    public var value: Double
    /// Joules that are certain to have been spent, as far as the method tells.
    public var low: Double
    /// Joules at most.
    public var high: Double
    public var method: EnergyMethod
    /// `cpu-time`, `rapl`, `hwmon`, `battery`, `topic`.
    public var meter: String?
    /// Name of the device or radio profile that a modelled figure rests on.
    public var profile: String?
    /// What a measured figure includes: `package`, `board`, `battery`, `supply`.
    public var scope: String?

    public init(
        value: Double, low: Double, high: Double, method: EnergyMethod, meter: String? = nil, profile: String? = nil,
        scope: String? = nil
    ) {
        self.value = value
        self.low = low
        self.high = high
        self.method = method
        self.meter = meter
        self.profile = profile
        self.scope = scope
    }

    /// A modelled figure: an amount of something (seconds, bytes) times what one costs.
    public init(_ amount: Double, times cost: EnergyBounds, meter: String? = nil, profile: String) {
        self.init(
            value: amount * cost.value, low: amount * cost.low, high: amount * cost.high, method: .modelled,
            meter: meter, profile: profile)
    }

    /// Both together: the weakest method, and only the names on which both agree.
    public static func + (a: Self, b: Self) -> Self {
        Self(
            value: a.value + b.value, low: a.low + b.low, high: a.high + b.high, method: max(a.method, b.method),
            meter: a.meter == b.meter ? a.meter : nil, profile: a.profile == b.profile ? a.profile : nil,
            scope: a.scope == b.scope ? a.scope : nil)
    }
}
