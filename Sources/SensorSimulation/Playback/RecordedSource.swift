import Recordings

/// A recording that starts over at its end, with times moved on by whole minutes.
///
/// So a task's window grid, which a minute holds a whole number of times, cuts the same windows in every pass.
final class RecordedSource: SampleSource {
    private static let minute = 60.0

    let channels: [String]
    let interval: Double
    let labelsAreValues: Bool
    private let path: String
    private var reader: RecordingReader
    /// The whole minute at or before the first sample.
    private let origin: Double
    private var shift = 0.0
    private var last = 0.0
    private var beginsPass = false
    private var beginsBlock = true
    /// Change of each channel's sensitivity in an hour.
    private let drift: [Double]

    /// Opens a recording and reads enough to know its interval.
    ///
    /// - Parameter drift: share by which a channel's sensitivity changes in an hour at most.
    init(path: String, name: String, seed: Int, drift: Double) throws(RecordingError) {
        self.path = path
        var head = try RecordingReader(path: path)
        var values: [Float] = []
        var times: [Double] = []
        while times.count < 65, let (t, _) = try head.next(into: &values) { times.append(t) }
        guard times.count >= 2 else { throw RecordingError(.empty, "at least two samples are needed", file: path) }
        let intervals = zip(times.dropFirst(), times).map { $0 - $1 }.sorted()
        interval = (intervals[intervals.count / 2] * 1e6).rounded() / 1e6
        origin = (times[0] / Self.minute).rounded(.down) * Self.minute
        channels = head.channels
        labelsAreValues = head.labels == .value
        var random = SeededGenerator(seed: seed, name: name + "/drift")
        self.drift = drift == 0 ? [] : channels.map { _ in drift * random.uniform(-1, 1) }
        reader = try RecordingReader(path: path)
    }

    func next() throws(RecordingError) -> SourceSample {
        var values: [Float] = []
        values.reserveCapacity(channels.count)
        while true {
            if let (t, label) = try reader.next(into: &values) {
                last = t - origin
                for (channel, change) in drift.enumerated() {
                    values[channel] *= Float(1 + change * (shift + last) / 3600)
                }
                defer { (beginsPass, beginsBlock) = (false, false) }
                return SourceSample(
                    t: shift + last, label: label, beginsBlock: beginsBlock, beginsPass: beginsPass, values: values)
            }
            shift += ((last + interval) / Self.minute - 1e-6).rounded(.up) * Self.minute
            reader = try RecordingReader(path: path)
            (beginsPass, beginsBlock) = (true, true)
        }
    }
}
