import Testing

@testable import Telemetry

private let start = 1_760_000_000.0

private func channel(_ name: String, rate: Double) -> ChannelJoiner.Channel {
    .init(name: name, unit: "°C", timing: .periodic(rate: rate))
}

private func channel(_ name: String, silence: Double) -> ChannelJoiner.Channel {
    .init(name: name, unit: "", timing: .onChange(longestSilence: silence))
}

/// Samples by their time after ``start``.
private struct Rows: Equatable {
    var rows: [(t: Double, values: [Float])] = []

    mutating func add(_ batches: [SampleBatch]) {
        for batch in batches {
            let count = batch.channels.count
            for row in 0..<batch.rows {
                let t = batch.t + Double(row) * (batch.interval ?? 0) - start
                rows.append(((t * 1e6).rounded() / 1e6, Array(batch.values[row * count..<(row + 1) * count])))
            }
        }
    }

    var times: [Double] { rows.map(\.t) }
    func column(_ at: Int) -> [Float] { rows.map { $0.values[at] } }

    static func == (a: Rows, b: Rows) -> Bool {
        a.rows.count == b.rows.count
            && zip(a.rows, b.rows).allSatisfy {
                $0.t == $1.t && $0.values.map(\.bitPattern) == $1.values.map(\.bitPattern)
            }
    }
}

/// Feeds readings one message each, `delay` after their time.
private func run(
    _ joiner: inout ChannelJoiner, _ readings: [(String, Double, Double)], delay: Double = 0
) -> Rows {
    var rows = Rows()
    for (name, t, value) in readings {
        let reading = Reading(channel: name, t: start + t, value: value)
        rows.add(joiner.append([reading], arrival: start + t + delay))
    }
    return rows
}

@Suite("Joining channels")
struct ChannelJoinerTests {
    @Test("Channels on topics of their own become samples on the grid, linear between readings")
    func separate() {
        var joiner = ChannelJoiner(channels: [channel("a", rate: 1), channel("b", rate: 2)], rate: 1)
        var readings: [(String, Double, Double)] = []
        for k in 0..<20 {
            readings.append(("a", Double(k) + 0.25, Double(k) + 0.25))
            readings.append(("b", Double(k) + 0.4, 10 * (Double(k) + 0.4)))
            readings.append(("b", Double(k) + 0.9, 10 * (Double(k) + 0.9)))
        }
        let rows = run(&joiner, readings)
        // The first sample lies behind the first readings; the last one between the last two of both.
        #expect(rows.times == (1...19).map(Double.init))
        #expect(zip(rows.times, rows.column(0)).allSatisfy { abs(Float($0) - $1) < 1e-4 })
        #expect(zip(rows.times, rows.column(1)).allSatisfy { abs(Float($0 * 10) - $1) < 1e-3 })
        #expect(joiner.statistics.missing == [0, 0] && joiner.statistics.gaps == 0)
    }

    @Test("Faster and slower than the task: a ramp stays a ramp", arguments: [10.0, 4, 1, 0.5])
    func resampling(rate: Double) {
        var joiner = ChannelJoiner(channels: [channel("a", rate: rate)], rate: 4)
        let readings = (0..<40).map { ("a", Double($0) / rate, 3 * Double($0) / rate) }
        let rows = run(&joiner, readings)
        #expect(rows.times == (0...Int(39 / rate * 4)).map { Double($0) / 4 })
        #expect(zip(rows.times, rows.column(0)).allSatisfy { abs(Float($0 * 3) - $1) < 1e-3 })
    }

    @Test("Where a reading is missing, the nearest within half a period stands, and nothing beyond")
    func nearest() {
        var joiner = ChannelJoiner(channels: [channel("a", rate: 1)], rate: 2)
        let rows = run(&joiner, [("a", 0, 0), ("a", 1, 1), ("a", 4, 4), ("a", 5, 5), ("a", 9, 9), ("a", 20, 20)])
        #expect(rows.times.prefix(8) == [0, 0.5, 1, 1.5, 3.5, 4, 4.5, 5])
        #expect(rows.column(0).prefix(8) == [0, 0.5, 1, 1, 4, 4, 4.5, 5])
        #expect(joiner.statistics.gaps >= 2 && !rows.times.contains(2.5))
    }

    @Test("A quiet channel keeps its value until its longest silence, by our clock too")
    func onChange() {
        var joiner = ChannelJoiner(channels: [channel("motion", silence: 10), channel("a", rate: 1)], rate: 1)
        var rows = run(&joiner, [("motion", 0, 1)] + (0...8).map { ("a", Double($0), Double($0)) })
        #expect(rows.column(0).allSatisfy { $0 == 1 })
        #expect(rows.times.last == 6)
        // Nothing comes any more: "a" is missed from a period on, the motion after its longest silence.
        rows.add(joiner.advance(now: start + 40))
        #expect(rows.times == (0...10).map(Double.init))
        #expect(rows.column(0).allSatisfy { $0 == 1 })
        #expect(rows.column(1).filter(\.isNaN).count == 2 && joiner.statistics.missing == [0, 2])
        rows.add(joiner.append([Reading(channel: "motion", t: start + 41, value: 0)], arrival: start + 41))
        rows.add(joiner.advance(now: start + 45))
        #expect(rows.times.suffix(2) == [41, 42] && rows.column(0).suffix(2) == [0, 0])
        #expect(joiner.statistics.gaps == 1)
    }

    @Test("Any order within the horizon gives the same samples")
    func disorder() {
        let channels = [channel("a", rate: 10), channel("m", silence: 60)]
        var readings = (0..<100).map { ("a", Double($0) / 10, Double($0 % 7)) }
        readings += (0..<10).map { ("m", Double($0), Double($0 % 2)) }
        readings.sort { $0.1 < $1.1 }
        var joiner = ChannelJoiner(channels: channels, rate: 10)
        var expected = run(&joiner, readings)
        expected.add(joiner.advance(now: start + 30))
        expected.rows.removeAll { $0.t > 9.9 }
        #expect(expected.rows.count == 100)
        for seed in 1...20 {
            var random = UInt64(seed) &* 0x9E37_79B9_7F4A_7C15
            let shuffled = readings.map { reading in
                random = random &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                return (reading, reading.1 + Double(random >> 40) / Double(1 << 24) * 1.5)
            }.sorted { $0.1 < $1.1 }
            var other = ChannelJoiner(channels: channels, rate: 10)
            // Everything starts with the same reading.
            var rows = run(&other, [readings[0], readings[1]])
            for (reading, arrival) in shuffled where reading.1 > 0 {
                let one = Reading(channel: reading.0, t: start + reading.1, value: reading.2)
                rows.add(other.append([one], arrival: start + arrival))
                if reading.0 == "m" { rows.add(other.append([one], arrival: start + arrival)) }
            }
            rows.add(other.advance(now: start + 30))
            rows.rows.removeAll { $0.t > 9.9 }
            #expect(rows == expected, "seed \(seed)")
            #expect(other.statistics.reordered > 0 && other.statistics.late == 0)
        }
    }

    @Test("Repetitions and contradictions are counted, and the first one stands")
    func repetitions() {
        var joiner = ChannelJoiner(channels: [channel("a", rate: 1)], rate: 1)
        let rows = run(&joiner, [("a", 0, 1), ("a", 1, 2), ("a", 1, 2), ("a", 1, 9), ("a", 2, 3)])
        #expect(rows.column(0) == [1, 2, 3])
        #expect(joiner.statistics.duplicates == 1 && joiner.statistics.conflicts == 1 && joiner.statistics.late == 0)
    }

    @Test("What comes after its samples were made is late, and changes nothing before")
    func late() {
        var joiner = ChannelJoiner(channels: [channel("m", silence: 60)], rate: 1)
        var rows = run(&joiner, [("m", 0, 1), ("m", 10, 2)])
        rows.add(joiner.append([Reading(channel: "m", t: start + 4, value: 7)], arrival: start + 10))
        rows.add(joiner.advance(now: start + 14))
        #expect(rows.column(0) == [1, 1, 1, 1, 1, 1, 1, 1, 1, 7, 2, 2, 2])
        #expect(joiner.statistics.late == 1)
    }

    @Test("Units become the task's; channels and units that cannot are counted")
    func units() {
        var joiner = ChannelJoiner(channels: [channel("a", rate: 1)], rate: 1)
        var rows = Rows()
        for (k, unit) in ["°F", "K", "°C"].enumerated() {
            let value = [212, 373.15, 100][k]
            let reading = Reading(channel: "a", t: start + Double(k), value: value, unit: unit)
            rows.add(joiner.append([reading], arrival: start + Double(k)))
        }
        _ = joiner.append([Reading(channel: "a", t: start + 3, value: 1, unit: "Pa")], arrival: start + 3)
        _ = joiner.append([Reading(channel: "z", t: start + 3, value: 1)], arrival: start + 3)
        #expect(rows.column(0).allSatisfy { abs($0 - 100) < 1e-3 } && rows.times.prefix(2) == [0, 1])
        #expect(joiner.statistics.unconvertible == 1 && joiner.statistics.foreign == 1)
    }

    @Test("A device's clock is followed; what has no time of its own is put on it")
    func skew() throws {
        var joiner = ChannelJoiner(channels: [channel("a", rate: 1), channel("m", silence: 30)], rate: 1)
        var rows = Rows()
        for k in 0..<60 {
            let delay = 0.2 + (k % 9 == 4 ? 1.5 : 0)
            let arrival = start + Double(k) - 3600 + delay
            var readings = [Reading(channel: "a", t: start + Double(k), value: Double(k))]
            if k % 10 == 5 {
                readings.append(Reading(channel: "m", t: arrival, timeIsArrival: true, value: Double(k)))
            }
            rows.add(joiner.append(readings, arrival: arrival))
        }
        #expect(abs(try #require(joiner.skew.seconds) - 3599.8) < 1e-3)
        #expect(!joiner.skew.isBeyondBound && joiner.statistics.jumps == 0 && joiner.statistics.outliers == 0)
        let motion = rows.rows.filter { !$0.values[1].isNaN }
        #expect(motion.first.map { abs($0.t - 6) <= 1 } == true)
        #expect(motion.allSatisfy { abs(Double($0.values[1]) - ($0.t - 5)) <= 11 })
    }

    @Test("A replay has no skew, and our clock does not move it")
    func replay() {
        var joiner = ChannelJoiner(channels: [channel("m", silence: 3600)], rate: 1)
        var rows = Rows()
        for k in 0..<5 {
            let reading = Reading(channel: "m", t: start + Double(k * 600), value: Double(k))
            rows.add(joiner.append([reading], arrival: start + 1e8 + Double(k)))
        }
        rows.add(joiner.advance(now: start + 2e8))
        #expect(joiner.skew.seconds == nil && joiner.skew.isBeyondBound && joiner.statistics.outliers == 0)
        #expect(rows.times == (0...2398).map(Double.init))
    }

    @Test("One wild time does no harm; a clock that jumps is followed when it is confirmed")
    func jumps() {
        var joiner = ChannelJoiner(channels: [channel("a", rate: 1)], rate: 1)
        var steady = (0..<10).map { ("a", Double($0), 0.0) }
        steady.insert(("a", 5000.5, 9), at: 5)
        var rows = Rows()
        for (k, (name, t, value)) in steady.enumerated() {
            rows.add(joiner.append([Reading(channel: name, t: start + t, value: value)], arrival: start + Double(k)))
        }
        #expect(rows.times == (0...9).map(Double.init) && joiner.statistics.outliers == 1)
        for (from, needed) in [(10_000.0, 2), (200.0, 3)] {
            let jumps = joiner.statistics.jumps
            for k in 0..<6 {
                let reading = Reading(channel: "a", t: start + from + Double(k), value: 1)
                rows.add(joiner.append([reading], arrival: start + 20 + Double(k)))
                #expect(joiner.statistics.jumps == jumps + (k + 1 >= needed ? 1 : 0))
            }
            #expect(rows.times.suffix(6) == (0..<6).map { from + Double($0) })
        }
    }

    @Test("Batches of raw samples timed by a jittering arrival follow on one another")
    func arrivalJitter() {
        var joiner = ChannelJoiner(channels: [channel("a", rate: 50)], rate: 50)
        var rows = Rows()
        var random: UInt64 = 7
        for batch in 0..<200 {
            random = random &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            let arrival = start + Double(batch + 1) * 0.2 + Double(random >> 40) / Double(1 << 24) * 0.08
            let readings = (0..<10).map { k in
                Reading(
                    channel: "a", t: arrival - Double(9 - k) * 0.02, timeIsArrival: true, value: Double(batch * 10 + k))
            }
            rows.add(joiner.append(readings, arrival: arrival))
        }
        #expect(joiner.statistics.missing == [0] && joiner.statistics.gaps == 0 && joiner.statistics.late == 0)
        #expect(rows.rows.count > 1980 && joiner.statistics.arrivalTimed == 2000)
        #expect(zip(rows.column(0), rows.column(0).dropFirst()).allSatisfy { $1 > $0 && $1 - $0 < 1.4 })
    }

    @Test("However far a time is ahead, a call makes a bounded number of samples")
    func bounds() {
        var joiner = ChannelJoiner(channels: [channel("m", silence: 31_000_000)], rate: 100)
        _ = joiner.append([Reading(channel: "m", t: start, timeIsArrival: true, value: 1)], arrival: start)
        let batches = joiner.advance(now: start + 1e7)
        #expect(batches.reduce(0) { $0 + $1.rows } == ChannelJoiner.maximumRows)
        #expect(batches[0].timeIsArrival)
        #expect(joiner.advance(now: start + 1e7).first?.t == start + Double(ChannelJoiner.maximumRows) / 100)
    }

    @Test("Whatever times come, samples are on the grid, in order but for jumps, and never empty", arguments: 1...10)
    func anything(seed: UInt64) throws {
        var random = seed
        func next(_ bound: Double) -> Double {
            random = random &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Double(random >> 40) / Double(1 << 24) * bound
        }
        let channels = [channel("a", rate: 5), channel("b", rate: 0.2), channel("m", silence: 20)]
        var joiner = ChannelJoiner(channels: channels, rate: 2)
        var cutter = WindowCutter(
            grid: WindowGrid(channels: ["a", "b", "m"], rate: 2, window: 8, step: 4, missing: .hold))
        var now = start
        var last = -Double.infinity
        var rows = 0
        for _ in 0..<2000 {
            now += next(1)
            let kind = next(1)
            let offset =
                kind < 0.9 ? -next(1) : kind < 0.95 ? -next(30) : kind < 0.98 ? next(5000) - 2500 : next(1e9) - 5e8
            let readings = (0..<Int(next(4))).map { _ in
                Reading(
                    channel: ["a", "b", "m"][Int(next(3))], t: now + offset + next(0.5), timeIsArrival: next(1) < 0.2,
                    value: next(1) < 0.05 ? .nan : next(10))
            }
            let jumps = joiner.statistics.jumps
            for batch in joiner.append(readings, arrival: now) + joiner.advance(now: now) {
                if joiner.statistics.jumps > jumps { last = min(last, batch.t - 0.5) }
                #expect(batch.t > last && batch.t * 2 == (batch.t * 2).rounded())
                last = batch.t + Double(batch.rows - 1) / 2
                rows += batch.rows
                for row in 0..<batch.rows { #expect(batch.values[row * 3..<row * 3 + 3].contains { !$0.isNaN }) }
                _ = try cutter.append(batch)
            }
        }
        #expect(rows == joiner.statistics.rows && rows > 1000)
    }

    @Test(
        "In front of a cutter, the task's policy decides, and windows name what was filled in",
        arguments: [MissingValuePolicy.refuse, .hold, .mean])
    func cutter(policy: MissingValuePolicy) throws {
        var joiner = ChannelJoiner(channels: [channel("a", rate: 1), channel("m", silence: 3)], rate: 1)
        var cutter = WindowCutter(
            grid: WindowGrid(channels: ["a", "m"], rate: 1, window: 10, step: 10, missing: policy))
        cutter.means = [50, 0.5]
        var windows: [SampleWindow] = []
        for k in 0..<60 {
            var readings = [Reading(channel: "a", t: start + Double(k), value: Double(k))]
            // Quiet for longer than it may be from 25 on.
            if k % 2 == 0, !(24..<34).contains(k) {
                readings.append(Reading(channel: "m", t: start + Double(k), value: 1))
            }
            for batch in joiner.append(readings, arrival: start + Double(k)) { windows += try cutter.append(batch) }
        }
        #expect(joiner.statistics.missing == [0, 8])
        let starts = windows.map { $0.from - start }
        #expect(starts == (policy == .refuse ? [0, 10, 40] : [0, 10, 20, 30, 40]))
        #expect(cutter.statistics.refused == (policy == .refuse ? 2 : 0))
        guard policy != .refuse else { return }
        #expect(windows.map(\.filledChannels) == [[], [], ["m"], ["m"], []])
        #expect(windows[2].values[19] == (policy == .hold ? 1 : 0.5))
    }
}
