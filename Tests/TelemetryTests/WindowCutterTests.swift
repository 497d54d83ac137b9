import Testing

@testable import Telemetry

/// A signal whose value tells its sample: channel c of sample k is k + c / 10, small enough for exact floats.
private struct Signal {
    static let origin = 1_760_000_000.0
    var rate = 20.0
    var channels = ["ax", "ay"]

    func batch(_ from: Int, _ rows: Int, shift: Double = 0, sequence: Int? = nil) -> SampleBatch {
        SampleBatch(
            t: Self.origin + Double(from) / rate + shift, interval: 1 / rate, sequence: sequence, channels: channels,
            values: (from..<from + rows).flatMap { k in channels.indices.map { Float(k) + Float($0) / 10 } })
    }

    func window(_ from: Int, _ rows: Int) -> [Float] { batch(from, rows).values }
}

private func cutter(
    window: Int = 20, step: Int = 10, missing: MissingValuePolicy = .refuse, rate: Double = 20,
    channels: [String] = ["ax", "ay"]
) -> WindowCutter {
    WindowCutter(grid: WindowGrid(channels: channels, rate: rate, window: window, step: step, missing: missing))
}

/// A small generator of our own, so that disorder is the same in every run.
private struct Dice: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        var x = state
        x ^= x >> 33
        x = x &* 0xFF51_AFD7_ED55_8CCD
        return x ^ (x >> 33)
    }
}

@Suite("Windows are cut on the task's grid")
struct WindowCutterTests {
    @Test("Samples in order give every window, with the times and values that belong to it")
    func inOrder() throws {
        var cutter = cutter()
        var windows: [SampleWindow] = []
        for from in stride(from: 0, to: 200, by: 7) { windows += try cutter.append(Signal().batch(from, 7)) }
        #expect(windows.count == 19)
        for (index, window) in windows.enumerated() {
            #expect(window.from == Signal.origin + Double(index) * 0.5)
            #expect(window.to == window.from + 1)
            #expect(window.values == Signal().window(index * 10, 20))
            #expect(window.filledChannels.isEmpty)
        }
        #expect(windows[1].id(device: "wrist-7").description == "wrist-7@1760000000.500")
        #expect(cutter.statistics.refused == 0 && cutter.statistics.windows == 19)
    }

    @Test("A stream that begins between two grid points starts with the next window")
    func beginsOffGrid() throws {
        var cutter = cutter()
        let windows = try cutter.append(Signal().batch(3, 60))
        #expect(windows.map(\.from) == [0.5, 1, 1.5, 2].map { Signal.origin + $0 })
        #expect(cutter.statistics.late == 0 && cutter.statistics.refused == 0)
    }

    @Test("A restarted cutter cuts the same windows")
    func restart() throws {
        var first = cutter()
        var second = cutter()
        let all = try first.append(Signal().batch(0, 300))
        let later = try second.append(Signal().batch(137, 163))
        #expect(later == Array(all.suffix(later.count)) && later.count == 15)
    }

    @Test(
        "Rates that no binary fraction holds stay on the grid for hours",
        arguments: [20.0, 3, 100.0 / 3, 0.1, 1.0 / 30])
    func rates(rate: Double) throws {
        var cutter = cutter(window: 10, step: 5, rate: rate)
        let signal = Signal(rate: rate)
        var windows = 0
        for from in stride(from: 0, to: 100_000, by: 10) {
            for window in try cutter.append(signal.batch(from, 10)) {
                #expect(window.start % 5 == 0)
                windows += 1
            }
        }
        #expect(windows >= 19_998)
        #expect(cutter.statistics.refused == 0 && cutter.statistics.missingSamples == 0)
        #expect(cutter.statistics.conflicts == 0 && cutter.statistics.slips == 0)
    }

    @Test("Disorder within the horizon and duplicates change nothing", arguments: [1, 2, 3, 4, 5] as [UInt64])
    func disorder(seed: UInt64) throws {
        var dice = Dice(state: seed)
        var ordered = cutter()
        var expected: [SampleWindow] = []
        var batches: [(order: Double, batch: SampleBatch)] = []
        for from in stride(from: 0, to: 1000, by: 5) {
            let batch = Signal().batch(from, 5)
            expected += try ordered.append(batch)
            // Up to 30 samples late; the horizon is 40.
            let delay = from < 40 ? 0 : Double.random(in: 0..<30, using: &dice)
            batches.append((Double(from) + delay, batch))
            if Int.random(in: 0..<4, using: &dice) == 0 {
                batches.append((Double(from) + delay + Double.random(in: 0..<30, using: &dice), batch))
            }
        }
        batches.sort { $0.order < $1.order }
        var shuffled = cutter()
        var windows: [SampleWindow] = []
        for (_, batch) in batches { windows += try shuffled.append(batch) }
        windows += try shuffled.append(Signal().batch(1000, 1))
        #expect(windows == expected)
        let statistics = shuffled.statistics
        #expect(statistics.duplicates > 0 && statistics.reordered > 0)
        #expect(statistics.refused == 0 && statistics.missingSamples == 0 && statistics.conflicts == 0)
    }

    @Test("Samples later than the horizon are counted, and their windows refused, not emitted with holes")
    func late() throws {
        var cutter = cutter()
        var windows = try cutter.append(Signal().batch(0, 25))
        windows += try cutter.append(Signal().batch(30, 70))
        #expect(try cutter.append(Signal().batch(25, 5)).isEmpty)
        for window in windows {
            let start = Int(((window.from - Signal.origin) * 20).rounded())
            #expect(window.values == Signal().window(start, 20))
            #expect(!(start < 30 && start + 20 > 25))
        }
        #expect(windows.count == 7)
        #expect(cutter.statistics.refused == 2 && cutter.statistics.late == 5)
        #expect(cutter.statistics.gaps == 1 && cutter.statistics.missingSamples == 5)
        #expect(cutter.statistics.lastRefusal?.contains("5 of 20 samples are missing") == true)
    }

    @Test("A long gap costs only the windows it touches")
    func longGap() throws {
        var cutter = cutter()
        var windows = try cutter.append(Signal().batch(0, 40))
        windows += try cutter.append(Signal().batch(1000, 100))
        let starts = windows.map { Int((($0.from - Signal.origin) * 20).rounded()) }
        #expect(starts == [0, 10, 20, 1000, 1010, 1020, 1030, 1040, 1050, 1060, 1070, 1080])
        #expect(cutter.statistics.gaps == 1 && cutter.statistics.missingSamples == 960)
        #expect(cutter.statistics.refused >= 1 && cutter.statistics.jumps == 0)
    }

    @Test("One wild time does no harm; a second batch there confirms a jump forward", arguments: [1e3, 1e6, 1e9])
    func jumpForward(seconds: Double) throws {
        var cutter = cutter()
        var windows = try cutter.append(Signal().batch(0, 30))
        windows += try cutter.append(Signal().batch(30, 5, shift: seconds))
        windows += try cutter.append(Signal().batch(30, 10))
        #expect(windows.map(\.from) == [0, 0.5, 1].map { Signal.origin + $0 })
        #expect(cutter.statistics.outliers == 5 && cutter.statistics.jumps == 0)

        windows = try cutter.append(Signal().batch(40, 15, shift: seconds))
        #expect(windows.isEmpty)
        windows = try cutter.append(Signal().batch(55, 15, shift: seconds))
        #expect(windows.map(\.from) == [Signal.origin + seconds + 2, Signal.origin + seconds + 2.5])
        #expect(windows.first?.values == Signal().window(40, 20))
        #expect(cutter.statistics.jumps == 1 && cutter.statistics.refused == 1)
    }

    @Test("A clock set back far is followed after three batches, and no window's name is given twice")
    func jumpBack() throws {
        var cutter = cutter()
        var names: Set<String> = []
        func take(_ windows: [SampleWindow]) {
            for window in windows { #expect(names.insert(window.id(device: "d").description).inserted) }
        }
        for from in stride(from: 0, to: 400, by: 20) { take(try cutter.append(Signal().batch(from, 20))) }
        #expect(names.count == 39)
        // The clock now says 15 s less: other samples at times that were told before.
        for from in stride(from: 400, to: 1000, by: 20) {
            take(try cutter.append(Signal().batch(from, 20, shift: -15)))
        }
        #expect(cutter.statistics.jumps == 1 && cutter.statistics.repeated > 0)
        #expect(names.count == 39 + 30)
    }

    @Test("A clock set back a little is a conflict: no window mixes samples from before and after")
    func setBackALittle() throws {
        var cutter = cutter()
        var windows: [SampleWindow] = []
        for from in stride(from: 0, to: 100, by: 20) { windows += try cutter.append(Signal().batch(from, 20)) }
        for from in stride(from: 100, to: 300, by: 20) {
            windows += try cutter.append(Signal().batch(from, 20, shift: -1))
        }
        #expect(cutter.statistics.conflicts == 1 && cutter.statistics.refused > 0)
        for window in windows {
            let first = window.values[0]
            for (row, value) in window.values.enumerated() where row % 2 == 0 {
                #expect(value == first + Float(row / 2))
            }
        }
        #expect(Set(windows.map(\.start)).count == windows.count)
    }

    @Test("Two publishers for one device give no windows")
    func twoPublishers() throws {
        var cutter = cutter()
        var windows: [SampleWindow] = []
        for from in stride(from: 0, to: 200, by: 10) {
            windows += try cutter.append(Signal().batch(from, 10))
            var other = Signal().batch(from, 10)
            for at in other.values.indices { other.values[at] += 500 }
            windows += try cutter.append(other)
        }
        #expect(windows.isEmpty && cutter.statistics.conflicts > 10)
    }

    @Test("Channels may come in another order, with strangers among them, and in messages of their own")
    func channelOrder() throws {
        var cutter = cutter(channels: ["ax", "ay", "gx"])
        var windows: [SampleWindow] = []
        for from in stride(from: 0, to: 60, by: 10) {
            let t = Signal.origin + Double(from) / 20
            let rows = from..<from + 10
            windows += try cutter.append(
                SampleBatch(
                    t: t, interval: 0.05, channels: ["gx", "battery", "ax"],
                    values: rows.flatMap { [Float($0) + 2000, 99, Float($0)] }))
            windows += try cutter.append(
                SampleBatch(t: t, interval: 0.05, channels: ["ay"], values: rows.map { Float($0) + 1000 }))
        }
        #expect(windows.count == 5)
        #expect(windows.first?.values.prefix(6) == [0, 1000, 2000, 1, 1001, 2001])
        #expect(cutter.statistics.conflicts == 0 && cutter.statistics.duplicates == 0)
    }

    @Test("A batch with none of the task's channels is refused with their names")
    func strangers() throws {
        var cutter = cutter()
        let error = #expect(throws: WindowError.self) {
            _ = try cutter.append(SampleBatch(t: Signal.origin, channels: ["co2"], values: [1]))
        }
        #expect(error?.code == .channels && error?.message.contains("ax, ay") == true)
    }

    @Test("A batch at another rate is refused", arguments: [0.025, 0.1, 0.0515])
    func otherRate(interval: Double) {
        var cutter = cutter()
        let error = #expect(throws: WindowError.self) {
            _ = try cutter.append(
                SampleBatch(t: Signal.origin, interval: interval, channels: ["ax", "ay"], values: [1, 2, 3, 4]))
        }
        #expect(error?.code == .rate)
    }

    @Test(
        "A clock that runs a little fast or slow slips a sample now and then, and is counted", arguments: [1e-3, -1e-3])
    func drift(share: Double) throws {
        var cutter = cutter()
        let interval = 0.05 * (1 + share)
        var windows: [SampleWindow] = []
        for from in stride(from: 0, to: 20_000, by: 20) {
            var batch = Signal().batch(from, 20)
            batch.t = Signal.origin + Double(from) * interval
            batch.interval = interval
            windows += try cutter.append(batch)
        }
        let statistics = cutter.statistics
        #expect((18...21).contains(statistics.slips), "\(statistics)")
        #expect(windows.count > 1900 && statistics.conflicts == 0, "\(statistics)")
        for window in windows {
            let column = stride(from: 0, to: window.values.count, by: 2).map { window.values[$0] }
            // One sample of a window may have been left out where two fell into a slot, never more.
            #expect((19...20).contains(column[19] - column[0]))
        }
    }

    @Test(
        "Nulls refuse a window, are held, or become the mean, as the task says", arguments: MissingValuePolicy.allCases)
    func missingValues(policy: MissingValuePolicy) throws {
        var cutter = cutter(missing: policy)
        var batch = Signal().batch(0, 100)
        for row in 23..<26 { batch.values[row * 2 + 1] = .nan }
        let windows = try cutter.append(batch)
        let touched = windows.filter { !$0.filledChannels.isEmpty }
        #expect(cutter.statistics.missingValues == 3)
        #expect(windows.allSatisfy { $0.values.allSatisfy(\.isFinite) })
        switch policy {
        case .refuse:
            #expect(windows.count == 7 && touched.isEmpty && cutter.statistics.refused == 2)
            #expect(cutter.statistics.lastRefusal?.contains("channel ay") == true)
        case .hold:
            #expect(windows.count == 9 && touched.count == 2 && touched.allSatisfy { $0.filledChannels == ["ay"] })
            #expect(touched.last?.values[7] == 22.1)
        case .mean:
            #expect(windows.count == 9 && touched.count == 2)
            let present = (20..<40).filter { !(23..<26).contains($0) }.map { Double($0) + 0.1 }
            let mean = present.reduce(0, +) / Double(present.count)
            #expect(abs(Double(touched.last?.values[7] ?? 0) - mean) < 1e-4)
        }
    }

    @Test("A channel that is away altogether takes the training mean, or is refused where there is none")
    func channelAway() throws {
        var cutter = cutter(missing: .mean)
        let only = SampleBatch(
            t: Signal.origin, interval: 0.05, channels: ["ax"], values: (0..<100).map { Float($0) })
        #expect(try cutter.append(only).isEmpty)
        #expect(cutter.statistics.refused > 0)
        cutter.means = [1, 9.81]
        var next = only
        next.t += 5
        let windows = try cutter.append(next)
        #expect(!windows.isEmpty && windows.allSatisfy { $0.filledChannels == ["ay"] && $0.values[1] == 9.81 })

        var holding = self.holding()
        #expect(try holding.append(only).isEmpty)
        #expect(holding.statistics.lastRefusal?.contains("no value to hold") == true)
    }

    private func holding() -> WindowCutter { cutter(missing: .hold) }

    @Test("A held value is never older than a window")
    func holdEnds() throws {
        var cutter = holding()
        var windows = try cutter.append(Signal().batch(0, 20))
        windows += try cutter.append(
            SampleBatch(
                t: Signal.origin + 1, interval: 0.05, channels: ["ax"], values: (20..<200).map { Float($0) }))
        let filled = windows.filter { $0.filledChannels == ["ay"] }
        // Windows at 0.5 s (half there), 1.0 s, 1.5 s and 2.0 s... end where the last value lies a window back.
        #expect(filled.allSatisfy { $0.from < Signal.origin + 2.01 } && !filled.isEmpty)
        #expect(cutter.statistics.refused > 0)
    }

    @Test("More missing samples than the tolerance are not filled in")
    func tooMuchMissing() throws {
        var cutter = cutter(missing: .hold)
        var windows = try cutter.append(Signal().batch(0, 22))
        windows += try cutter.append(Signal().batch(25, 37))
        windows += try cutter.append(Signal().batch(70, 100))
        for window in windows {
            let start = Int(((window.from - Signal.origin) * 20).rounded())
            let missing = (start..<start + 20).count { (22..<25).contains($0) || (62..<70).contains($0) }
            #expect(missing <= 4)
            #expect((missing > 0) == !window.filledChannels.isEmpty)
        }
        #expect(cutter.statistics.filled >= 2 && cutter.statistics.refused >= 2)
    }

    @Test("Samples timed by arrival follow one another in spite of jitter")
    func arrival() throws {
        var cutter = cutter(window: 5, step: 5, rate: 1)
        var dice = Dice(state: 9)
        var windows: [SampleWindow] = []
        for second in 0..<30 {
            let message = TelemetryMessage(t: nil, channels: ["ax", "ay"], values: [Float(second), 0])
            windows += try cutter.append(
                message.batch(arrival: Signal.origin + Double(second) + Double.random(in: -0.4..<0.4, using: &dice)))
        }
        #expect(windows.count >= 5)
        for window in windows { #expect(window.values[8] - window.values[0] == 4) }
        #expect(cutter.statistics.arrivalTimed == 30 && cutter.statistics.refused == 0)
    }

    @Test("Channels sent in separate messages without times are put together")
    func arrivalOfParts() throws {
        var cutter = cutter(window: 5, step: 5, rate: 1)
        var windows: [SampleWindow] = []
        for second in 0..<21 {
            for (index, name) in ["ax", "ay"].enumerated() {
                let message = TelemetryMessage(t: nil, channels: [name], values: [Float(second)])
                windows += try cutter.append(
                    message.batch(arrival: Signal.origin + Double(second) + 0.02 + Double(index) * 0.1))
            }
        }
        #expect(windows.count == 4 && cutter.statistics.conflicts == 0)
        #expect(windows.allSatisfy { $0.values[0] == $0.values[1] })
    }

    @Test("A redelivered message without a time is told by its number")
    func redelivered() throws {
        var cutter = cutter(window: 5, step: 5, rate: 1)
        for second in 0..<10 {
            for _ in 0..<2 {
                let message = TelemetryMessage(t: nil, sequence: second, channels: ["ax", "ay"], values: [1, 2])
                _ = try cutter.append(message.batch(arrival: Signal.origin + Double(second)))
            }
        }
        #expect(cutter.statistics.duplicates == 10 && cutter.statistics.samples == 10)
    }

    @Test("Random gaps, repetitions and jumps never yield a window with a value that is not the signal's")
    func neverSilentlyWrong() throws {
        for seed in 1...40 as ClosedRange<UInt64> {
            var dice = Dice(state: seed)
            var cutter = cutter()
            var names: Set<Int64> = []
            var from = 0
            var shift = 0.0
            for _ in 0..<120 {
                let rows = Int.random(in: 1...30, using: &dice)
                switch Int.random(in: 0..<30, using: &dice) {
                case 0: from += Int.random(in: 1...300, using: &dice)
                case 1: shift += Double(Int.random(in: -400...400, using: &dice)) / 20
                default: break
                }
                let windows = try cutter.append(Signal().batch(from, rows, shift: shift))
                from += Int.random(in: 0..<10, using: &dice) == 0 ? rows / 2 : rows
                for window in windows {
                    #expect(names.insert(window.start).inserted, "seed \(seed)")
                    for row in 1..<20 {
                        // Samples of one window follow one another in the signal.
                        let isNext = window.values[row * 2] == window.values[row * 2 - 2] + 1
                        #expect(isNext, "seed \(seed), window \(window.start), row \(row)")
                    }
                }
            }
        }
    }
}
