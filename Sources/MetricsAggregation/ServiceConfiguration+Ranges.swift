import ServiceRuntime

extension ServiceConfiguration {
    /// - Throws: `ConfigurationError` for no integer, or one outside `range`.
    func integer(_ key: String, within range: ClosedRange<Int>) throws(ConfigurationError) -> Int {
        let value = try integer(key)
        guard range.contains(value) else { throw Self.outside(key, "\(value)", range) }
        return value
    }

    /// - Throws: `ConfigurationError` for no number, or one outside `range`.
    func number(_ key: String, within range: ClosedRange<Double>) throws(ConfigurationError) -> Double {
        let value = try number(key)
        guard range.contains(value) else { throw Self.outside(key, "\(value)", range) }
        return value
    }

    private static func outside<Bound>(
        _ key: String, _ value: String, _ range: ClosedRange<Bound>
    ) -> ConfigurationError {
        ConfigurationError(
            key: key, "\(key): must be between \(range.lowerBound) and \(range.upperBound), not \(value)")
    }
}
