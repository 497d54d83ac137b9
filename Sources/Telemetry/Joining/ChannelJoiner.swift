/// Joins the readings of one device, channel by channel, into samples at a task's rate.
///
/// Samples stand on the task's grid (multiples of `1 / rate` since 1970), so a ``WindowCutter`` behind it takes them as
/// they are. A periodic channel is interpolated linearly between two readings, or takes the nearest within half a period
/// where one is missing, or is averaged where it is faster than the task; an on-change channel keeps its value until its longest silence. What is missing is NaN in a
/// sample, or a gap where nothing is there: the cutter then does what the task's policy says, and names the channels.
///
/// Synchronous and without I/O or a clock. A sample is made as soon as no reading to come can change it: when the readings
/// on both sides are there, or when they are overdue by the newest reading and, with ``advance(now:)``, by our clock.
public struct ChannelJoiner: Sendable {
    public struct Channel: Sendable, Equatable {
        public var name: String
        /// The task's unit.
        public var unit: String
        public var timing: ChannelTiming

        public init(name: String, unit: String, timing: ChannelTiming) {
            self.name = name
            self.unit = unit
            self.timing = timing
        }
    }

    public struct Tolerance: Sendable, Equatable {
        /// How long readings may come after later ones, in seconds.
        public var reorderSeconds: Double
        /// Times further than this from the others, in seconds, must be confirmed by further messages.
        public var jumpSeconds: Double

        public init(reorderSeconds: Double = 2, jumpSeconds: Double = 60) {
            self.reorderSeconds = reorderSeconds
            self.jumpSeconds = jumpSeconds
        }
    }

    /// Samples that one call makes at most; the next goes on.
    public static let maximumRows = 50_000

    public let channels: [Channel]
    public let rate: Double
    public private(set) var statistics: JoinStatistics
    public private(set) var skew = ClockSkew()

    private let tolerance: Tolerance
    private let slack: Double
    private let index: [String: Int]
    private var tracks: [ChannelTrack]
    private var conversions: [String: UnitConversion?] = [:]
    /// The next sample to make; nothing before the first reading.
    private var head: Int64?
    /// The latest time known on the device's clock.
    private var newest = -Double.infinity
    /// Whether a reading with a time of the device's is among those joined.
    private var hasDeviceTime = false
    private var aside: [(readings: [Reading], arrival: Double)] = []
    /// The samples being put together.
    private var pending: SampleBatch?

    /// - Precondition: channels are there and unique; `rate` > 0.
    public init(channels: [Channel], rate: Double, tolerance: Tolerance = Tolerance()) {
        precondition(!channels.isEmpty && Set(channels.map(\.name)).count == channels.count, "channels are unique")
        precondition(rate > 0, "a rate is above 0")
        self.channels = channels
        self.rate = rate
        self.tolerance = tolerance
        slack = 1e-3 / rate
        index = Dictionary(uniqueKeysWithValues: channels.enumerated().map { ($1.name, $0) })
        tracks = channels.map { ChannelTrack(timing: $0.timing, interval: 1 / rate) }
        statistics = JoinStatistics(channels: channels.count)
    }

    /// Takes the readings of one message and gives the samples that they complete, in order of time.
    ///
    /// - Parameter arrival: when the message came, Unix seconds.
    public mutating func append(_ readings: [Reading], arrival: Double) -> [SampleBatch] {
        let known = readings.compactMap { accept($0) }.sorted { $0.t < $1.t }
        statistics.readings += readings.count
        guard let last = known.last else { return advance(now: arrival) }
        var batches: [SampleBatch] = []
        if isFar(last.t, arrival) {
            aside.append((known, arrival))
            guard let confirmed = confirmed() else { return advance(now: arrival) }
            restart(&batches)
            for message in confirmed { join(message.readings, arrival: message.arrival) }
        } else {
            statistics.outliers += aside.reduce(0) { $0 + $1.readings.count }
            aside = []
            join(known, arrival: arrival)
        }
        return batches + advance(now: arrival)
    }

    /// Makes the samples that are due by our clock although nothing has come: quiet channels keep their value.
    ///
    /// - Parameter now: Unix seconds.
    public mutating func advance(now: Double) -> [SampleBatch] {
        // Times far from ours are those of a replay, in which only readings move the time on.
        let isReplay = hasDeviceTime && skew.seconds == nil
        let time = isReplay ? newest : max(newest, now + (hasDeviceTime ? skew.seconds ?? 0 : 0))
        var batches: [SampleBatch] = []
        make(until: time, into: &batches)
        flush(into: &batches)
        for track in tracks.indices { tracks[track].prune() }
        return batches
    }

    // MARK: Taking readings

    /// The reading in the task's unit and on the device's clock; nothing where it cannot be used.
    private mutating func accept(_ reading: Reading) -> Reading? {
        guard let place = index[reading.channel] else {
            statistics.foreign += 1
            return nil
        }
        var reading = reading
        if let unit = reading.unit {
            guard let conversion = conversion(from: unit, place) else {
                statistics.unconvertible += 1
                return nil
            }
            reading.value = conversion(reading.value)
        }
        guard reading.value.isFinite || (reading.value.isNaN && tracks[place].period == nil),
            plausibleTimes.contains(reading.t)
        else { return nil }
        if reading.timeIsArrival {
            statistics.arrivalTimed += 1
            if let ahead = skew.seconds { reading.t += ahead }
        }
        return reading
    }

    private mutating func conversion(from unit: String, _ channel: Int) -> UnitConversion? {
        let key = "\(channel) \(unit)"
        if let known = conversions[key] { return known }
        let conversion = try? UnitConversion(from: unit, to: channels[channel].unit)
        if conversions.count < 1000 { conversions[key] = conversion }
        return conversion
    }

    private mutating func join(_ readings: [Reading], arrival: Double) {
        if let timed = readings.last(where: { !$0.timeIsArrival }) {
            skew.observe(deviceTime: timed.t, arrival: arrival)
            hasDeviceTime = true
        }
        var shifts = [Double?](repeating: nil, count: channels.count)
        for reading in readings {
            guard let channel = index[reading.channel] else { continue }
            var t = reading.t
            if reading.timeIsArrival {
                let shift = shifts[channel] ?? tracks[channel].arrivalShift(t)
                shifts[channel] = shift
                t += shift
            }
            if head == nil { head = Int64((t * rate - 1e-3).rounded(.up)) }
            if let head, t < Double(head - 1) / rate - slack {
                statistics.late += 1
                // Still of use where the channel is slow, or says what it is until it speaks again.
                if let period = tracks[channel].period, t < Double(head) / rate - 1.5 * period { continue }
            }
            switch tracks[channel].insert(reading.value, at: t) {
            case .appended: break
            case .reordered: statistics.reordered += 1
            case .duplicate: statistics.duplicates += 1
            case .conflict: statistics.conflicts += 1
            case .overflow: statistics.overflow += 1
            }
            newest = max(newest, t)
        }
    }

    // MARK: Jumps

    /// Whether a message lies far from the others: ahead of any clock, or before all that is still to be made.
    private func isFar(_ last: Double, _ arrival: Double) -> Bool {
        guard let head, newest.isFinite else { return false }
        let now = skew.isBeyondBound ? newest : max(newest, arrival + (skew.seconds ?? 0))
        return last > now + reach || last < min(Double(head) / rate, newest) - reach
    }

    /// Seconds between messages that is nothing unusual; without a clock to tell, silences are as long as they may be.
    private var reach: Double {
        channels.reduce(tolerance.jumpSeconds) { reach, channel in
            switch channel.timing {
            case .periodic(let rate): max(reach, 2 / rate)
            case .onChange(let silence): skew.isBeyondBound ? max(reach, silence) : reach
            }
        }
    }

    /// The messages set aside, where enough of them follow one another: two ahead, or three behind.
    private mutating func confirmed() -> [(readings: [Reading], arrival: Double)]? {
        if let latest = aside.last, let earlier = aside.dropLast().last,
            let to = latest.readings.last?.t, let from = earlier.readings.last?.t
        {
            let step = to - from
            let isSteady = abs(step - (latest.arrival - earlier.arrival)) <= tolerance.jumpSeconds
            if step <= 0 || !(isSteady || step <= reach) {
                statistics.outliers += aside.dropLast().reduce(0) { $0 + $1.readings.count }
                aside.removeFirst(aside.count - 1)
            }
        }
        let isAhead = (aside.first?.readings.first?.t ?? 0) > newest
        guard aside.count >= (isAhead ? 2 : 3) else { return nil }
        defer { aside = [] }
        statistics.jumps += 1
        return aside
    }

    private mutating func restart(_ batches: inout [SampleBatch]) {
        make(until: newest + tolerance.reorderSeconds, into: &batches)
        flush(into: &batches)
        tracks = channels.map { ChannelTrack(timing: $0.timing, interval: 1 / rate) }
        skew = ClockSkew()
        head = nil
        newest = -.infinity
    }

    // MARK: Making samples

    private mutating func make(until time: Double, into batches: inout [SampleBatch]) {
        guard var at = head else { return }
        defer { head = at }
        var row = [Float](repeating: .nan, count: channels.count)
        var made = 0
        while made < Self.maximumRows {
            let t = Double(at) / rate
            guard t <= time + slack else { return }
            let isSettled = time - t >= tolerance.reorderSeconds
            var isEmpty = true
            for channel in tracks.indices {
                let wait = tolerance.reorderSeconds + (tracks[channel].period.map { max($0, 0.5 / rate) } ?? 0)
                let cell = tracks[channel].value(
                    at: t, slack: slack, isSettled: isSettled, isOverdue: time - t >= wait)
                switch cell {
                case .pending: return
                case .missing: row[channel] = .nan
                case .value(let value):
                    row[channel] = Float(value)
                    isEmpty = false
                }
            }
            guard !isEmpty else {
                flush(into: &batches)
                guard let next = skip(from: at) else { return }
                statistics.gaps += 1
                at = next
                continue
            }
            give(row, at: t, into: &batches)
            made += 1
            at += 1
        }
    }

    /// The next sample after an empty one for which a reading is known.
    private func skip(from at: Int64) -> Int64? {
        guard let next = tracks.compactMap(\.next).min() else { return nil }
        return max(at + 1, Int64((next * rate - 1e-3).rounded(.up)))
    }

    private mutating func give(_ row: [Float], at t: Double, into batches: inout [SampleBatch]) {
        for (channel, value) in row.enumerated() where value.isNaN { statistics.missing[channel] += 1 }
        statistics.rows += 1
        if pending == nil {
            pending = SampleBatch(
                t: t, timeIsArrival: !hasDeviceTime, interval: 1 / rate, channels: channels.map(\.name), values: row)
        } else {
            pending?.values.append(contentsOf: row)
        }
    }

    private mutating func flush(into batches: inout [SampleBatch]) {
        if let batch = pending { batches.append(batch) }
        pending = nil
    }
}
