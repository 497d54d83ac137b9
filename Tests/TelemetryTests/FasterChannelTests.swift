import Testing

@testable import Telemetry

@Suite("Channels faster than the task")
struct FasterChannelTests {
    private static let start = 1_760_000_000.0

    private func joined(_ readings: [(t: Double, value: Double)]) -> [SampleBatch] {
        var joiner = ChannelJoiner(
            channels: [.init(name: "a", unit: "", timing: .periodic(rate: 10))], rate: 1)
        var batches: [SampleBatch] = []
        for (t, value) in readings {
            let reading = Reading(channel: "a", t: Self.start + t, value: value)
            batches += joiner.append([reading], arrival: Self.start + t)
        }
        return batches + joiner.advance(now: Self.start + (readings.last?.t ?? 0) + 10)
    }

    @Test("A sample is the mean of the readings nearer to it than to its neighbours")
    func mean() {
        var readings: [(t: Double, value: Double)] = []
        for k in 0..<50 { readings.append((Double(k) / 10, Double(k) + (k % 2 == 0 ? 100 : -100))) }
        var values: [Float] = []
        for batch in joined(readings) { values += batch.values }
        #expect(values.count >= 4)
        // Ten readings from half a sample before to just before half a sample after; the alternation cancels.
        for (index, value) in values.enumerated().dropFirst().prefix(3) {
            #expect(abs(Double(value) - (Double(index) * 10 - 0.5)) < 1e-3, "\(index): \(value)")
        }
    }

    @Test("Where more than half of the readings are missing, the sample is")
    func sparse() {
        var readings = (0..<20).map { (t: Double($0) / 10, value: 1.0) }
        readings += [(t: 2.6, value: 1), (t: 2.9, value: 1), (t: 3.1, value: 1)]
        readings += (36..<60).map { (t: Double($0) / 10, value: 1.0) }
        let batches = joined(readings)
        let times = batches.flatMap { batch in
            (0..<batch.rows).map { batch.t - Self.start + Double($0) * (batch.interval ?? 0) }
        }
        #expect(!times.contains { abs($0 - 3) < 1e-6 } && times.contains { abs($0 - 1) < 1e-6 })
        #expect(times.contains { abs($0 - 5) < 1e-6 })
    }
}
