import Telemetry
import Testing

@testable import MetricsAggregation

@Suite struct FigureTests {
    @Test(
        "Wilson intervals are those of the formula, evaluated elsewhere",
        // Wilson 1927 with z = 1.959963984540054, evaluated in Python.
        arguments: [
            (successes: 8, trials: 10, low: 0.490162, high: 0.943318),
            (successes: 0, trials: 10, low: 0.0, high: 0.277533),
            (successes: 10, trials: 10, low: 0.722467, high: 1.0),
            (successes: 418, trials: 612, low: 0.645098, high: 0.718632),
        ])
    func wilson(_ known: (successes: Int, trials: Int, low: Double, high: Double)) throws {
        let interval = try #require(ScoreInterval(successes: known.successes, trials: known.trials))
        #expect(abs(interval.low - known.low) < 1e-6)
        #expect(abs(interval.high - known.high) < 1e-6)
        #expect(interval.value == Double(known.successes) / Double(known.trials))
    }

    @Test("Without trials there is no interval")
    func noTrials() {
        #expect(ScoreInterval(successes: 0, trials: 0) == nil)
    }

    @Test("Macro F1 is the mean over the classes of truth and decisions")
    func macroF1() throws {
        // Truth a a a b b c, decided a a b b b a: F1 a = 4/6, b = 4/5, c = 0.
        let expected: Double = (4.0 / 6 + 4.0 / 5) / 3
        var matrix = ConfusionMatrix()
        let pairs: [(Int32, Int32)] = [(0, 0), (0, 0), (0, 1), (1, 1), (1, 1), (2, 0)]
        for (truth, decided) in pairs {
            matrix.add(truth: truth, decided: decided, 1)
        }
        #expect(abs(try #require(matrix.macroF1) - expected) < 1e-12)
        #expect(matrix.classes[0]?.precision == 2.0 / 3)
        #expect(matrix.classes[1]?.recall == 1)
        #expect(matrix.classes[2]?.f1 == 0)
        matrix.add(truth: 2, decided: 0, -1)
        #expect(matrix.classes[2] == nil)
    }

    @Test("The calibration error weighs each bin's gap by its share")
    func calibration() throws {
        // Bin (0.8, 0.9]: 0.85 and 0.9, one right: |0.5 − 0.875| · 2/4. Bin (0.2, 0.3]: 0.3 twice, both right: 0.7 · 2/4.
        var bins = CalibrationBins()
        bins.add(confidence: 0.85, isCorrect: true, 1)
        bins.add(confidence: 0.9, isCorrect: false, 1)
        bins.add(confidence: 0.3, isCorrect: true, 1)
        bins.add(confidence: 0.3, isCorrect: true, 1)
        #expect(abs(try #require(bins.expectedError) - 0.5375) < 1e-6)
        for confidence in [0, 1] as [Float] {
            bins.add(confidence: confidence, isCorrect: false, 1)
            bins.add(confidence: confidence, isCorrect: false, -1)
        }
        #expect(abs(try #require(bins.expectedError) - 0.5375) < 1e-6)
    }

    @Test("Percentiles of latency are right within a bucket")
    func latency() throws {
        var histogram = LatencyHistogram()
        for value in 1...1000 { histogram.add(microseconds: Float(value), 1) }
        let percentiles = try #require(histogram.percentiles([0.5, 0.95, 0.99]))
        for (found, expected) in zip(percentiles, [500.0, 950, 990]) { #expect(abs(found / expected - 1) < 0.1) }
        for value in 1...1000 { histogram.add(microseconds: Float(value), -1) }
        #expect(histogram.percentiles([0.5]) == nil)
    }

    @Test("The rate covers the last ten whole seconds")
    func rate() {
        var meter = RateMeter()
        for second in 0..<20 { for _ in 0..<5 { meter.count(now: 1_000_000 + Double(second)) } }
        #expect(meter.perSecond(now: 1_000_020) == 5)
        #expect(meter.perSecond(now: 1_000_025) == 2.5)
        #expect(meter.perSecond(now: 2_000_000) == 0)
    }

    @Test("Sealed windows on a grid are one range, and far ones are others")
    func sealedRanges() {
        var ranges = SealedRanges()
        for start in stride(from: Int64(0), to: 100_000, by: 2500) { ranges.insert(start, length: 5000) }
        #expect(ranges.ranges == [0...97_500])
        ranges.insert(1_000_000, length: 5000)
        ranges.insert(-1_000_000, length: 5000)
        #expect(ranges.ranges.count == 3)
        #expect(ranges.contains(50_000) && !ranges.contains(500_000))
        for index in 1...1000 { ranges.insert(Int64(index) * 10_000_000, length: 1) }
        #expect(ranges.ranges.count <= SealedRanges.capacity)
    }
}
