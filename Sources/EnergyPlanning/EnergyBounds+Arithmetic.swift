import Energy

extension EnergyBounds {
    init(exactly value: Double) { self.init(value, low: value, high: value) }

    /// - Precondition: `factor` ≥ 0.
    func times(_ factor: Double) -> EnergyBounds {
        EnergyBounds(value * factor, low: low * factor, high: high * factor)
    }

    func plus(_ other: EnergyBounds) -> EnergyBounds {
        EnergyBounds(value + other.value, low: low + other.low, high: high + other.high)
    }

    /// `numerator` over this quantity.
    ///
    /// - Precondition: this quantity is above 0.
    func dividing(_ numerator: Double) -> EnergyBounds {
        EnergyBounds(numerator / value, low: numerator / high, high: numerator / low)
    }
}

extension EnergyFigure {
    /// The joules alone.
    var bounds: EnergyBounds { EnergyBounds(value, low: low, high: high) }
}
