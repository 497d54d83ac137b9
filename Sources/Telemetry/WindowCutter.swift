/// Cuts the samples of one device into the windows of one task.
///
/// Samples are put on the task's grid by their time: into the nearest slot, with the device's constant offset from the
/// grid learnt from its first sample. They may come out of order within a horizon, twice, with gaps, with channels in
/// any order, with only some channels a message, and from a clock that jumps. What cannot be put right is counted in
/// ``statistics`` and refused; no window is silently wrong.
///
/// A batch far from the others starts a new timeline only when later batches confirm it, so that one wild time does
/// no harm. A window's name is emitted once, also when the device's clock goes back.
public struct WindowCutter: Sendable {
    /// Bounds within which disorder is put right.
    public struct Tolerance: Sendable, Equatable {
        /// How long a window with something missing waits for late samples, in seconds of device time.
        public var reorderSeconds: Double
        /// Gaps beyond this, in seconds, must be confirmed by a second batch.
        public var jumpSeconds: Double
        /// Share of a window's samples that may be missing altogether and still be filled in.
        public var missingShare: Double

        public init(reorderSeconds: Double = 2, jumpSeconds: Double = 60, missingShare: Double = 0.2) {
            self.reorderSeconds = reorderSeconds
            self.jumpSeconds = jumpSeconds
            self.missingShare = missingShare
        }
    }

    public let grid: WindowGrid
    public private(set) var statistics = WindowStatistics()
    /// Each channel's mean in training, for ``MissingValuePolicy/mean``; without it, the mean within the window.
    public var means: [Float]?

    private let horizon: Int64
    private let reach: Int64
    private let missingRowsLimit: Int
    private var ring: SampleRing
    /// First sample of the next window to decide.
    private var head: Int64 = 0
    /// Whether a first sample has come.
    private var isStarted = false
    /// Where the device's samples lie beside the grid, in samples.
    private var offset = 0.0
    private var lastPlace = -Double.infinity
    private var lastSequence: (number: Int, channels: [String])?
    private var columns: (channels: [String], map: [Int]) = ([], [])
    private var aside: [SampleBatch] = []
    private var emitted = EmittedRanges()

    public init(grid: WindowGrid, tolerance: Tolerance = Tolerance()) {
        self.grid = grid
        horizon = Int64((tolerance.reorderSeconds * grid.rate).rounded(.up))
        let room = grid.window + grid.step + Int(horizon)
        ring = SampleRing(rows: room, channels: grid.channels.count)
        reach = max(Int64((tolerance.jumpSeconds * grid.rate).rounded()), Int64(2 * grid.window))
        missingRowsLimit = Int(tolerance.missingShare * Double(grid.window))
    }

    /// Takes samples and gives the windows that they complete, in order.
    ///
    /// - Throws: ``WindowError`` where none of the batch can be used; nothing has changed then but counters.
    public mutating func append(_ batch: SampleBatch) throws(WindowError) -> [SampleWindow] {
        statistics.batches += 1
        try check(batch)
        if isRepetition(batch) {
            statistics.duplicates += batch.rows
            return []
        }
        var windows: [SampleWindow] = []
        guard isOnTimeline(batch) else {
            setAside(batch, into: &windows)
            return windows
        }
        dropAside()
        place(batch, into: &windows)
        return windows
    }

    // MARK: Placing samples

    private mutating func check(_ batch: SampleBatch) throws(WindowError) {
        if batch.channels != columns.channels {
            columns = (batch.channels, batch.channels.map { grid.channels.firstIndex(of: $0) ?? -1 })
        }
        guard columns.map.contains(where: { $0 >= 0 }) else {
            throw WindowError(
                code: .channels,
                message: "none of the task's channels (\(grid.channels.joined(separator: ", "))) is among "
                    + batch.channels.prefix(20).joined(separator: ", "))
        }
        if batch.rows > 1, let interval = batch.interval, abs(interval * grid.rate - 1) > 0.02 {
            throw WindowError(
                code: .rate, message: "dt: samples every \(interval) s do not fit the task's \(grid.rate) a second")
        }
        guard plausibleTimes.contains(batch.t) else {
            throw WindowError(code: .time, message: "t: \(batch.t) is no Unix time between 2000 and 2100")
        }
        if batch.timeIsArrival { statistics.arrivalTimed += batch.rows }
        statistics.missingValues += batch.values.count { $0.isNaN }
    }

    /// Whether a batch without a time of its own is the last one again; the others' times tell.
    private mutating func isRepetition(_ batch: SampleBatch) -> Bool {
        guard batch.timeIsArrival, let sequence = batch.sequence else { return false }
        if let last = lastSequence, last.number == sequence, last.channels == batch.channels { return true }
        lastSequence = (sequence, batch.channels)
        return false
    }

    /// Places of the first and last sample in samples since 1970, not yet rounded.
    private func span(_ batch: SampleBatch) -> (first: Double, last: Double) {
        let first = batch.t * grid.rate
        return (first, first + Double(batch.rows - 1) * (batch.interval ?? grid.interval) * grid.rate)
    }

    private func isOnTimeline(_ batch: SampleBatch) -> Bool {
        guard isStarted else { return true }
        let (first, last) = span(batch)
        return first <= Double(ring.newest + reach) && last >= Double(ring.oldest)
    }

    private mutating func place(_ batch: SampleBatch, into windows: inout [SampleWindow]) {
        let stride = (batch.interval ?? grid.interval) * grid.rate
        let first = batch.t * grid.rate
        if !isStarted { startTimeline(at: first) }
        let shift = batch.timeIsArrival ? arrivalShift(batch, first) : 0
        for row in 0..<batch.rows {
            let place = first + Double(row) * stride
            let index: Int64
            if let shift {
                index = slot(of: place + shift, learns: !batch.timeIsArrival)
            } else {
                index = slot(of: place, learns: false)
            }
            statistics.samples += 1
            put(batch, row, at: index, place: place, into: &windows)
        }
        decide(into: &windows)
    }

    /// The slot for a place on the time axis; follows a clock that is a little fast or slow.
    private mutating func slot(of place: Double, learns: Bool) -> Int64 {
        let rounded = (place - offset).rounded()
        if learns {
            offset += 0.02 * (place - offset - rounded)
            if abs(offset) > 0.75 {
                offset -= offset > 0 ? 1 : -1
                statistics.slips += 1
            }
        }
        return Int64(rounded)
    }

    /// How far samples timed by arrival are moved so that they follow on the last one, which they do unless the
    /// network held them up by more than a second; nothing where they stand on their own.
    private func arrivalShift(_ batch: SampleBatch, _ first: Double) -> Double? {
        let slack = max(2, grid.rate)
        let newest = Double(ring.newest)
        let complements = columns.map.allSatisfy { $0 < 0 || ring.isMissing($0, at: ring.newest) }
        if complements, abs(first - offset - newest) <= 0.75 { return newest + offset - first }
        return abs(first - offset - newest - 1) <= slack ? newest + 1 + offset - first : nil
    }

    private mutating func put(
        _ batch: SampleBatch, _ row: Int, at index: Int64, place: Double, into windows: inout [SampleWindow]
    ) {
        if index > ring.newest {
            advance(to: index, into: &windows)
        } else if index < head || index < ring.oldest {
            // Kept rows before the head tell a repetition from a sample that came too late.
            if index < ring.oldest || ring.isEmpty(at: index) {
                statistics.late += 1
                return
            }
        }
        let wasEmpty = index < ring.newest && ring.isEmpty(at: index)
        switch ring.write(batch, row, columns.map, at: index) {
        case .written:
            if wasEmpty {
                statistics.reordered += 1
                statistics.missingSamples -= 1
            }
        case .nothing: break
        case .duplicate: statistics.duplicates += 1
        case .conflict:
            if index == ring.newest, place > lastPlace {
                statistics.crowded += 1
            } else {
                statistics.conflicts += 1
                refusePending("samples contradict each other: the clock was set back, or two publish one device")
                startTimeline(at: place)
                // Where two publish one device, the next contradiction comes before this first window would.
                head = grid.start(atOrAfter: head + Int64(grid.window))
                advance(to: Int64((place - offset).rounded()), into: &windows)
                _ = ring.write(batch, row, columns.map, at: ring.newest)
            }
        }
        if index == ring.newest { lastPlace = place }
    }

    private mutating func advance(to index: Int64, into windows: inout [SampleWindow]) {
        if index - head >= Int64(ring.capacity) {
            while head <= ring.newest, index - head >= Int64(ring.capacity) {
                settle(into: &windows)
            }
            let first = grid.start(atOrAfter: index - Int64(grid.window) + 1)
            if head < first, head > ring.newest { head = first }
        }
        let skipped = Int(index - ring.newest - 1)
        if skipped > 0 {
            statistics.gaps += 1
            statistics.missingSamples += skipped
        }
        ring.advance(to: index)
    }

    // MARK: Timelines

    private mutating func startTimeline(at place: Double) {
        offset = place - place.rounded()
        let index = Int64(place.rounded())
        ring.restart(at: index)
        head = grid.start(atOrAfter: index)
        lastPlace = -.infinity
        emitted.begin()
        isStarted = true
    }

    /// Keeps a batch that lies far from the others until more of its kind confirm that the clock jumped.
    private mutating func setAside(_ batch: SampleBatch, into windows: inout [SampleWindow]) {
        if let last = aside.last {
            let step = span(batch).first - span(last).last
            if step <= 0 || step > Double(reach) { dropAside() }
        }
        aside.append(batch)
        let isAhead = span(batch).first > Double(ring.newest)
        guard aside.count >= (isAhead ? 2 : 3) else { return }
        let batches = aside
        aside = []
        statistics.jumps += 1
        refusePending("the device's clock jumped")
        startTimeline(at: span(batches[0]).first)
        for batch in batches {
            columns = (batch.channels, batch.channels.map { grid.channels.firstIndex(of: $0) ?? -1 })
            place(batch, into: &windows)
        }
    }

    private mutating func dropAside() {
        guard !aside.isEmpty else { return }
        for batch in aside {
            if span(batch).first > Double(ring.newest) {
                statistics.outliers += batch.rows
            } else {
                statistics.late += batch.rows
            }
        }
        aside = []
    }

    /// Gives up windows that have begun.
    private mutating func refusePending(_ reason: String) {
        while head <= ring.newest {
            refuse(reason)
            head += Int64(grid.step)
        }
    }

    // MARK: Deciding windows

    private mutating func decide(into windows: inout [SampleWindow]) {
        while head + Int64(grid.window) - 1 <= ring.newest {
            let isDue = ring.newest >= head + Int64(grid.window) - 1 + horizon
            guard isDue || ring.isComplete(from: head, rows: grid.window) else { return }
            settle(into: &windows)
        }
    }

    /// Emits, fills or refuses the window at the head, and goes on to the next.
    private mutating func settle(into windows: inout [SampleWindow]) {
        defer { head += Int64(grid.step) }
        guard head + Int64(grid.window) - 1 <= ring.newest else {
            refuse("a gap begins within the window")
            return
        }
        if emitted.contains(head) {
            statistics.repeated += 1
            return
        }
        var values = ring.values(from: head, rows: grid.window)
        var filled: [Int] = []
        if !ring.isComplete(from: head, rows: grid.window) {
            let missing = ring.emptyRows(from: head, rows: grid.window)
            guard missing == 0 || (grid.missing != .refuse && missing <= missingRowsLimit) else {
                refuse("\(missing) of \(grid.window) samples are missing")
                return
            }
            guard let channels = fill(&values) else { return }
            filled = channels
        }
        emitted.insert(head)
        statistics.windows += 1
        if !filled.isEmpty { statistics.filled += 1 }
        windows.append(
            SampleWindow(
                start: head, from: grid.time(head), to: grid.time(head + Int64(grid.window)), values: values,
                filledChannels: filled.map { grid.channels[$0] }))
    }

    private mutating func refuse(_ reason: String) {
        statistics.refused += 1
        statistics.lastRefusal = "window at \(grid.time(head)): \(reason)"
    }

    /// Fills in what is missing as the task says.
    ///
    /// - Returns: channels with something filled in; nothing where the window is refused.
    private mutating func fill(_ values: inout [Float]) -> [Int]? {
        let count = grid.channels.count
        var filled: [Int] = []
        for channel in 0..<count {
            let places = stride(from: channel, to: values.count, by: count)
            guard places.contains(where: { values[$0].isNaN }) else { continue }
            let name = grid.channels[channel]
            switch grid.missing {
            case .refuse:
                refuse("channel \(name) has missing values")
                return nil
            case .hold:
                // A value that is there at the window's start needs nothing before it.
                let first = values[channel].isNaN ? nil : values[channel]
                guard var last = first ?? ring.lastValue(of: channel, before: head, within: grid.window) else {
                    refuse("channel \(name) has no value to hold")
                    return nil
                }
                for at in places {
                    if values[at].isNaN { values[at] = last } else { last = values[at] }
                }
            case .mean:
                guard let mean = means.flatMap({ channel < $0.count ? $0[channel] : nil }) ?? mean(values, places)
                else {
                    refuse("channel \(name) has no value to take a mean of")
                    return nil
                }
                for at in places where values[at].isNaN { values[at] = mean }
            }
            filled.append(channel)
        }
        return filled
    }

    private func mean(_ values: [Float], _ places: StrideTo<Int>) -> Float? {
        var sum = 0.0
        var count = 0
        for at in places where !values[at].isNaN {
            sum += Double(values[at])
            count += 1
        }
        return count > 0 ? Float(sum / Double(count)) : nil
    }
}
