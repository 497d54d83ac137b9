import Energy

/// A trace cut into stretches of work and of sleep.
struct TracePulses {
    /// One stretch: its energy over its time.
    struct Stretch: Equatable {
        var seconds: Double
        var joules: Double
        var watts: Double { joules / seconds }
    }

    /// Work that begins and ends within the trace.
    private(set) var active: [Stretch] = []
    private(set) var asleep: [Stretch] = []
    /// Stretches left out: cut off by the trace's ends or a gap, or far shorter than the others.
    private(set) var ignored = 0

    /// Pauses of the recording longer than this many sampling intervals are gaps.
    private static let gap = 10.0
    /// Work shorter than this share of the median is a spike, no inference.
    private static let shortest = 0.1

    /// - Parameter threshold: watts above which the device works, where no marker tells; found in the trace otherwise.
    /// - Throws: ``EnergyPlanningError`` `.invalidTrace`.
    init(_ trace: PowerTrace, threshold: Double?) throws(EnergyPlanningError) {
        guard trace.times.count >= 10, trace.times.count == trace.watts.count,
            trace.marks.isEmpty || trace.marks.count == trace.times.count
        else { throw EnergyPlanningError(.invalidTrace, "the trace has fewer than 10 samples") }
        let works = trace.marks.isEmpty ? try Self.aboveThreshold(trace.watts, threshold) : trace.marks
        let steps = zip(trace.times.dropFirst(), trace.times).map { $0 - $1 }
        let longest = Self.gap * Self.median(steps)
        var start = 0
        for index in 1...works.count where index == works.count || works[index] != works[start] {
            take(start..<index, trace, works[start], steps, longest)
            start = index
        }
        let typical = Self.median(active.map(\.seconds))
        let whole = active.filter { $0.seconds >= Self.shortest * typical }
        ignored += active.count - whole.count
        active = whole
        guard active.count >= 3, !asleep.isEmpty else {
            throw EnergyPlanningError(
                .invalidTrace,
                "the trace shows \(active.count) whole stretches of work and \(asleep.count) of sleep; it needs 3 and 1: "
                    + "record longer, or say what is work with --marker or --active-above")
        }
    }

    private mutating func take(
        _ range: Range<Int>, _ trace: PowerTrace, _ isWork: Bool, _ steps: [Double], _ longest: Double
    ) {
        let isWhole = range.lowerBound > 0 && range.upperBound < trace.times.count
        // The sample at a boundary may have seen both; sleep is long enough to do without it.
        let inner = isWork ? range : range.lowerBound + 1..<max(range.lowerBound + 1, range.upperBound - 1)
        let used = inner.clamped(to: 0..<steps.count)
        guard isWhole || !isWork, !used.isEmpty, used.allSatisfy({ steps[$0] <= longest }) else {
            ignored += 1
            return
        }
        let stretch = Stretch(
            seconds: used.reduce(0) { $0 + steps[$1] }, joules: used.reduce(0) { $0 + steps[$1] * trace.watts[$1] })
        if isWork { active.append(stretch) } else { asleep.append(stretch) }
    }

    /// Work by power: entered above three fifths of the way from sleep to work, left below two fifths, on a logarithmic
    /// scale, so that noise does not cut it.
    private static func aboveThreshold(
        _ watts: [Double], _ threshold: Double?
    ) throws(EnergyPlanningError) -> [Bool] {
        if let threshold { return watts.map { $0 > threshold } }
        let floor = (watts.filter { $0 > 0 }.min() ?? 0)
        guard floor > 0 else { throw EnergyPlanningError(.invalidTrace, "the trace has no power above 0") }
        let levels = watts.map { Logarithm.natural(max($0, floor)) }
        let (low, high) = Self.clusters(levels)
        guard high - low > 0.4 else {
            throw EnergyPlanningError(
                .invalidTrace,
                "nothing in the trace tells work from sleep: record a marker, or say where work begins with --active-above"
            )
        }
        let (enter, leave) = (low + 0.6 * (high - low), low + 0.4 * (high - low))
        var works = false
        let found = levels.map { level in
            works = works ? level > leave : level > enter
            return works
        }
        return bridged(found)
    }

    /// Closes pauses far shorter than the work around them: noise, no sleep.
    private static func bridged(_ works: [Bool]) -> [Bool] {
        var runs: [Range<Int>] = []
        var start = 0
        for index in 1...works.count where index == works.count || works[index] != works[start] {
            runs.append(start..<index)
            start = index
        }
        // The length that half of all work is in: splinters count for little.
        let lengths = runs.filter { works[$0.lowerBound] }.map(\.count).sorted()
        var (work, half) = (0, lengths.reduce(0, +) / 2)
        for length in lengths where half >= 0 {
            work = length
            half -= length
        }
        var bridged = works
        for (index, run) in runs.enumerated() where !works[run.lowerBound] && index > 0 && index < runs.count - 1 {
            if Double(run.count) < shortest * Double(work) { for sample in run { bridged[sample] = true } }
        }
        return bridged
    }

    /// The means of the two groups into which a threshold splits values best.
    ///
    /// - Source: Otsu 1979, IEEE Trans. SMC 9(1): the between-class variance is greatest.
    static func clusters(_ values: [Double]) -> (low: Double, high: Double) {
        let (least, most) = (values.min() ?? 0, values.max() ?? 0)
        guard most > least else { return (least, most) }
        let bins = 256
        var counts = [Double](repeating: 0, count: bins)
        var sums = [Double](repeating: 0, count: bins)
        for value in values {
            let bin = min(bins - 1, Int(Double(bins) * (value - least) / (most - least)))
            counts[bin] += 1
            sums[bin] += value
        }
        let (count, sum) = (counts.reduce(0, +), sums.reduce(0, +))
        var best = (variance: -1.0, low: least, high: most)
        var (below, belowSum) = (0.0, 0.0)
        for bin in 0..<bins - 1 {
            below += counts[bin]
            belowSum += sums[bin]
            let above = count - below
            guard below > 0, above > 0 else { continue }
            let (low, high) = (belowSum / below, (sum - belowSum) / above)
            let variance = below * above * (high - low) * (high - low)
            if variance > best.variance { best = (variance, low, high) }
        }
        return (best.low, best.high)
    }

    static func median(_ values: [Double]) -> Double {
        let sorted = values.sorted()
        return sorted.isEmpty ? 0 : sorted[sorted.count / 2]
    }
}
