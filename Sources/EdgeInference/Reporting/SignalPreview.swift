import Telemetry

/// The live signals that somebody looks at: which devices', for how long, and what is said of them.
///
/// Synchronous and without I/O. Everything is bounded: devices at once, stretches a second, rows a stretch. What a device
/// sends faster than that is thinned out so that peaks stay.
struct SignalPreview {
    /// Seconds of our clock that a stretch gathers.
    static let interval = 0.25
    /// Rows of a stretch at most: 200 a second.
    static let rows = 50
    /// Samples that wait to be said at most, for a device that sends a lot at once.
    static let pendingRows = 20_000
    /// Stretches of one device said a second at most: a signal with gaps takes one for each piece.
    static let perSecond = 8

    /// One device's signal.
    private struct Watch {
        var until: Double
        var pending: SampleBatch?
        /// When the stretch that gathers began, by our clock.
        var gatheredFrom = 0.0
        var second = -Double.infinity
        var said = 0
    }

    /// Devices at most; 0 for none.
    let limit: Int
    private var watches: [DeviceID: Watch] = [:]
    /// Requests that found no room, and stretches beyond the pace.
    private(set) var refused = 0
    private(set) var dropped = 0

    init(limit: Int) { self.limit = limit }

    /// Whether nobody looks at anything, so that nothing more need be asked.
    var isIdle: Bool { watches.isEmpty }

    /// Gives a device's signal from now on, for as long as a request holds.
    mutating func request(_ device: DeviceID, now: Double) {
        expire(now: now)
        guard watches[device] != nil || watches.count < limit else {
            refused += 1
            return
        }
        watches[device, default: Watch(until: 0)].until = now + PreviewRequest.seconds
    }

    /// Lets go of signals that nobody has asked for any more.
    mutating func expire(now: Double) {
        // A clock that was set back would keep them for long.
        watches = watches.filter { now < $0.value.until && $0.value.until <= now + PreviewRequest.seconds }
    }

    /// Takes samples of a device; returns what is to be said of it now.
    mutating func add(_ batch: SampleBatch, of device: DeviceID, now: Double) -> [PreviewMessage] {
        // Rows without an interval cannot be placed.
        guard var watch = watches[device], now < watch.until, batch.interval != nil || batch.rows == 1 else {
            return []
        }
        var said: [PreviewMessage] = []
        if let pending = watch.pending, !pending.continues(with: batch) {
            say(pending, &watch, now: now, to: &said)
            watch.pending = nil
        }
        if watch.pending == nil {
            watch.pending = batch
            watch.gatheredFrom = now
        } else {
            watch.pending?.values += batch.values
        }
        if let pending = watch.pending,
            now - watch.gatheredFrom >= Self.interval || now < watch.gatheredFrom || pending.rows >= Self.pendingRows
        {
            say(pending, &watch, now: now, to: &said)
            watch.pending = nil
        }
        watches[device] = watch
        return said
    }

    private mutating func say(_ batch: SampleBatch, _ watch: inout Watch, now: Double, to said: inout [PreviewMessage])
    {
        if now.rounded(.down) != watch.second { (watch.second, watch.said) = (now.rounded(.down), 0) }
        guard watch.said < Self.perSecond else {
            dropped += 1
            return
        }
        watch.said += 1
        said.append(PreviewMessage(t: now, samples: batch.thinned(to: Self.rows)))
    }
}

extension SampleBatch {
    /// Whether another batch goes on where this one ends, at the same pace.
    fileprivate func continues(with next: SampleBatch) -> Bool {
        guard channels == next.channels, let interval, let other = next.interval,
            abs(interval - other) < 0.02 * interval
        else { return false }
        return abs(next.t - (t + Double(rows) * interval)) < 0.5 * interval
    }

    /// The same stretch in fewer rows: of each piece the lowest and the highest value of every channel, in their order.
    func thinned(to limit: Int) -> TelemetryMessage {
        guard rows > limit, let interval else {
            return TelemetryMessage(t: t, interval: interval, channels: channels, values: values)
        }
        let pieces = max(1, limit / 2)
        let length = (rows + pieces - 1) / pieces
        var thinned: [Float] = []
        for start in stride(from: 0, to: rows, by: length) {
            let range = start..<min(rows, start + length)
            let pairs = channels.indices.map { extremes(of: $0, in: range) }
            thinned += pairs.map(\.0) + pairs.map(\.1)
        }
        return TelemetryMessage(t: t, interval: interval * Double(length) / 2, channels: channels, values: thinned)
    }

    /// The lowest and the highest value, the earlier first; missing ones count only where nothing else is there.
    private func extremes(of channel: Int, in range: Range<Int>) -> (Float, Float) {
        var (low, high) = (range.lowerBound, range.lowerBound)
        func value(_ row: Int) -> Float { values[row * channels.count + channel] }
        for row in range.dropFirst() where value(row).isFinite {
            if !(value(row) >= value(low)) { low = row }
            if !(value(row) <= value(high)) { high = row }
        }
        return (value(min(low, high)), value(max(low, high)))
    }
}
