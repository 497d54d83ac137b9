/// The readings of one channel in order of time, from shortly before the samples that are still to be made.
struct ChannelTrack: Sendable {
    enum Outcome { case appended, reordered, duplicate, conflict, overflow }

    /// A channel's value at one time.
    enum Cell: Equatable {
        case value(Double)
        case missing
        /// A reading that may still come decides.
        case pending
    }

    /// Readings that wait at most.
    static let capacity = 200_000

    let timing: ChannelTiming
    /// Seconds between the samples that are made; a channel that is faster is averaged over them.
    private let interval: Double
    private var times: [Double] = []
    private var values: [Double] = []
    /// Readings before this are given up.
    private var first = 0
    /// The last reading at or before the time asked for last, or one before that until it is asked again; `first - 1` where
    /// there is none.
    private var cursor = -1
    /// The time asked for last.
    private var asked = -Double.infinity

    init(timing: ChannelTiming, interval: Double) {
        self.timing = timing
        self.interval = interval
    }

    var newest: Double? { first < times.count ? times.last : nil }

    /// Seconds from one reading to the next; none for a channel that speaks on change.
    var period: Double? {
        switch timing {
        case .periodic(let rate): 1 / rate
        case .onChange: nil
        }
    }

    /// Whether three readings or more come for each sample.
    private var isAveraged: Bool { period.map { 3 * $0 <= 1.01 * interval } ?? false }

    /// How far readings timed by their arrival are moved, so that a steady channel does not jitter with the network: the
    /// first of a message follows on the last one by a period, and takes a twentieth of the difference with it.
    ///
    /// - Returns: seconds; zero where the channel is not periodic or the message stands on its own.
    func arrivalShift(_ t: Double) -> Double {
        guard let period, let newest else { return 0 }
        let early = newest + period - t
        guard abs(early) <= max(period / 2, 1) else { return 0 }
        return early - min(max(early / 20, -period / 4), period / 4)
    }

    mutating func insert(_ value: Double, at t: Double) -> Outcome {
        if first < times.count, let last = times.last, t <= last {
            var low = first
            var high = times.count
            while low < high {
                let middle = (low + high) / 2
                if times[middle] < t { low = middle + 1 } else { high = middle }
            }
            if times[low] == t {
                return values[low] == value || (values[low].isNaN && value.isNaN) ? .duplicate : .conflict
            }
            times.insert(t, at: low)
            values.insert(value, at: low)
            return .reordered
        }
        times.append(t)
        values.append(value)
        guard times.count - first > Self.capacity else { return .appended }
        first += 1
        cursor = max(cursor, first - 1)
        return .overflow
    }

    /// The value at a time. Times asked for never go back.
    ///
    /// - Parameters:
    ///   - slack: times nearer than this are the same.
    ///   - isSettled: whether nothing from before this time will come any more.
    ///   - isOverdue: whether the next reading of a periodic channel has been waited for long enough.
    mutating func value(at t: Double, slack: Double, isSettled: Bool, isOverdue: Bool) -> Cell {
        while cursor + 1 < times.count, times[cursor + 1] <= t + slack { cursor += 1 }
        asked = t
        let before = cursor >= first ? cursor : nil
        switch timing {
        case .onChange(let silence):
            guard isSettled else { return .pending }
            guard let before, t - times[before] <= silence + slack else { return .missing }
            return values[before].isNaN ? .missing : .value(values[before])
        case .periodic(let rate):
            return periodic(at: t, 1 / rate, before, slack: slack, isOverdue: isOverdue)
        }
    }

    /// Between two readings of which none is missing: linear; else the nearest within half a period. Of a faster channel the
    /// mean, so that what swings faster than the samples is not folded down at full strength.
    private func periodic(at t: Double, _ period: Double, _ before: Int?, slack: Double, isOverdue: Bool) -> Cell {
        if isAveraged { return mean(at: t, period, slack: slack, isOverdue: isOverdue) }
        if let before, t - times[before] <= slack { return .value(values[before]) }
        let after = cursor + 1 < times.count ? cursor + 1 : nil
        if let before, let after, times[after] - times[before] <= 1.5 * period {
            let share = (t - times[before]) / (times[after] - times[before])
            return .value(values[before] + share * (values[after] - values[before]))
        }
        guard isOverdue else { return .pending }
        var nearest: (distance: Double, value: Double)?
        if let before { nearest = (t - times[before], values[before]) }
        if let after, times[after] - t < nearest?.distance ?? .infinity { nearest = (times[after] - t, values[after]) }
        guard let nearest, nearest.distance <= period / 2 + slack else { return .missing }
        return .value(nearest.value)
    }

    /// The mean of the readings nearer to this sample than to its neighbours; missing where half of them are.
    private func mean(at t: Double, _ period: Double, slack: Double, isOverdue: Bool) -> Cell {
        let end = t + interval / 2 - slack
        // The reading after the last of them tells that all are there.
        guard isOverdue || (newest ?? -.infinity) + period >= end + slack else { return .pending }
        var sum = 0.0
        var count = 0
        var at = cursor
        while at >= first, times[at] >= end - interval {
            sum += values[at]
            count += 1
            at -= 1
        }
        at = cursor + 1
        while at < times.count, times[at] < end {
            sum += values[at]
            count += 1
            at += 1
        }
        return count > 0 && 2 * Double(count) * period >= interval - slack ? .value(sum / Double(count)) : .missing
    }

    /// The earliest time after the one asked for last at which there is a value again; nothing where none is known.
    var next: Double? {
        guard cursor + 1 < times.count else { return nil }
        return times[cursor + 1] - (period.map { max($0, interval) / 2 } ?? 0)
    }

    /// Gives up what no later time needs.
    mutating func prune() {
        if isAveraged {
            // A mean needs what lies before its sample too.
            while first < cursor, times[first] < asked - interval { first += 1 }
        } else {
            first = max(first, cursor)
        }
        guard first > 4096 else { return }
        times.removeFirst(first)
        values.removeFirst(first)
        cursor -= first
        first = 0
    }
}
