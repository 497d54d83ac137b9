extension SampleBatch {
    /// Every value with its time; values that are missing are left out.
    ///
    /// - Precondition: `interval` is there where there are several samples.
    public var readings: [Reading] {
        let step = interval ?? 0
        var readings: [Reading] = []
        readings.reserveCapacity(values.count)
        for row in 0..<rows {
            for (column, channel) in channels.enumerated() {
                let value = values[row * channels.count + column]
                guard !value.isNaN else { continue }
                readings.append(
                    Reading(
                        channel: channel, t: t + Double(row) * step, timeIsArrival: timeIsArrival,
                        value: Double(value)))
            }
        }
        return readings
    }
}
