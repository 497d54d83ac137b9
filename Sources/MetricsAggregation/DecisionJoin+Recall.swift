import Telemetry

/// Something late, about windows of one series whose records are on disk alone.
struct Recall: Sendable {
    enum Reason: Sendable {
        case decision(InferenceMessage, DeviceID, model: String)
        case verdict(VerdictMessage, DeviceID, model: String)
        /// Truths, or labels, of a time in microseconds have changed.
        case interval(Basis, Range<Int64>)
    }

    var series: Int
    /// Starts of the windows, milliseconds.
    var starts: ClosedRange<Int64>
    var reason: Reason
}

/// Late words on windows whose records were left to the disk: they wait until the records are back.
extension DecisionJoin {
    mutating func recall(_ reason: Recall.Reason, _ index: Int, _ start: Int64) -> JoinOutcome {
        guard recalls.count < limits.recalls else { return .late }
        recalls.append(Recall(series: index, starts: start...start, reason: reason))
        return .recalled
    }

    mutating func recall(_ index: Int, _ basis: Basis, _ range: Range<Int64>) {
        let first = (range.lowerBound - series[index].longest) / 1000 - 1
        let last = range.upperBound / 1000
        guard first <= last, recalls.count < limits.recalls,
            series[index].sealedRanges.ranges.contains(where: { $0.overlaps(first...last) })
        else { return }
        recalls.append(Recall(series: index, starts: first...last, reason: .interval(basis, range)))
    }

    /// Takes back records that were read from the disk.
    mutating func take(_ records: [DecisionRecord], of recall: Recall, now: Double) {
        for record in records { restore(record, series: recall.series) }
        switch recall.reason {
        case .interval(let basis, let range): score(recall.series, basis, within: range)
        case .decision(let message, let device, let model):
            again { (join) throws(JoinRefusal) in try join.take(message, device: device, model: model, now: now) }
        case .verdict(let message, let device, let model):
            again { (join) throws(JoinRefusal) in try join.take(message, device: device, model: model, now: now) }
        }
    }

    /// It was taken once and can be again; what is not on the disk either is late for good.
    private mutating func again(_ body: (inout Self) throws(JoinRefusal) -> JoinOutcome) {
        let waiting = recalls.count
        do throws(JoinRefusal) { _ = try body(&self) } catch { return }
        recalls.removeLast(recalls.count - waiting)
    }
}
