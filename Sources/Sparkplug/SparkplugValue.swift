/// Numbers in Sparkplug's metrics.
enum SparkplugValue {
    static let boolean: UInt32 = 11

    /// The number that a metric carries; nothing for texts, data sets and null.
    ///
    /// - Source: Sparkplug specification 3.0, section 6.4.16: signed integers are two's complement in unsigned fields.
    static func number(_ metric: Sparkplug_Payload.Metric, datatype: UInt32) -> Double? {
        guard !metric.isNull, let value = metric.value else { return nil }
        switch value {
        case .intValue(let bits):
            switch datatype {
            case 1: return Double(Int8(truncatingIfNeeded: bits))
            case 2: return Double(Int16(truncatingIfNeeded: bits))
            case 3: return Double(Int32(bitPattern: bits))
            default: return Double(bits)
            }
        case .longValue(let bits):
            // A date is no measurement.
            if datatype == 13 { return nil }
            // Publishers differ in whether smaller integers stand here.
            switch datatype {
            case 1, 2, 3, 4: return Double(Int64(bitPattern: bits))
            default: return Double(bits)
            }
        case .floatValue(let number): return number.isFinite ? Double(number) : nil
        case .doubleValue(let number): return number.isFinite ? number : nil
        case .booleanValue(let flag): return flag ? 1 : 0
        }
    }

    /// Whether a metric of a type has numbers; one without a type may.
    static func isNumber(datatype: UInt32) -> Bool { datatype <= boolean }

    static func unsigned(_ metric: Sparkplug_Payload.Metric) -> UInt64? {
        switch metric.value {
        case .intValue(let bits): UInt64(bits)
        case .longValue(let bits): bits
        default: nil
        }
    }
}
