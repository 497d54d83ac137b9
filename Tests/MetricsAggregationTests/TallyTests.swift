import Storage
import Telemetry
import Testing

@testable import MetricsAggregation

@Suite("Tallies")
struct TallyTests {
    private func record(_ index: Int) -> DecisionRecord {
        var record = DecisionRecord(
            start: Int64(index) * 2500, from: Int64(index) * 2_500_000, to: Int64(index) * 2_500_000 + 5_000_000,
            arrival: 0)
        record.revision = Int32(index % 3)
        record.isByCloud = index % 3 == 1
        record.student = .label(Int32(index % 5))
        record.studentConfidence = Float(index % 11) / 10
        record.latency = Float(1 + index * 7 % 900)
        record.final = .label(Int32(index % 4))
        record.verdict = index % 2 == 0 ? .label(Int32(index % 4)) : .none
        record.truth = index % 7 == 0 ? .mixed : .label(Int32(index % 6))
        record.label = index % 4 == 0 ? .value(Double(index)) : .none
        if index % 10 == 9 {
            record.student = .value(Double(index))
            record.truth = .value(Double(index) + 0.5)
        }
        return record
    }

    private var busy: Tally {
        var tally = Tally()
        for index in 0..<200 { tally.apply(record(index), 1) }
        tally.metered = 12.5
        tally.joules["compute"] = JouleCount(value: 0.25, low: 0.125, high: 0.5, method: .apportioned)
        tally.bytes = ["updates": 9000, "uploads": 1 << 40]
        return tally
    }

    @Test("What is written is read back, also differences that are below 0")
    func coding() throws {
        var difference = Tally()
        for index in 0..<40 { difference.apply(record(index), index % 2 == 0 ? -1 : 1) }
        for tally in [Tally(), busy, difference] {
            #expect(try Tally(stored: tally.bytesStored) == tally)
        }
        #expect(Tally().bytesStored.count < 20)
    }

    @Test("Cut short or altered bytes are an error or another tally, never a crash")
    func damage() throws {
        let bytes = busy.bytesStored
        for length in 0..<bytes.count {
            #expect(throws: StorageError.self) { try Tally(stored: Array(bytes[..<length])) }
        }
        #expect(throws: StorageError.self) { try Tally(stored: bytes + [0]) }
        for at in bytes.indices {
            for mask: UInt8 in [0xFF, 0x80, 0x01] {
                var altered = bytes
                altered[at] ^= mask
                // Either is right; what counts is that it ends.
                _ = try? Tally(stored: altered)
            }
        }
    }

    @Test("The sum of parts is the whole, and what is taken back leaves nothing")
    func addition() {
        var sum = Tally()
        for index in 0..<200 {
            var one = Tally()
            one.apply(record(index), 1)
            sum.add(one)
        }
        var whole = Tally()
        for index in 0..<200 { whole.apply(record(index), 1) }
        #expect(sum == whole)
        for index in 0..<200 { sum.apply(record(index), -1) }
        sum.from = .max
        sum.to = .min
        #expect(sum == Tally())
    }
}
