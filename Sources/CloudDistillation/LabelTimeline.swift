import Telemetry

/// The labels of one device, which may come late, be corrected and be withdrawn.
///
/// A label that was withdrawn is remembered, so that an older copy of it delivered again changes nothing.
struct LabelTimeline: Sendable {
    struct Label: Sendable, Equatable {
        var id: String
        var t: Double
        var from: Double
        var to: Double
        /// Nothing where the label was withdrawn.
        var target: WindowTarget?
    }

    /// What a label message did.
    enum Change: Sendable, Equatable {
        /// The same message came before, or a newer one for this id.
        case none
        /// Windows within these intervals may have another target now.
        case affects([ClosedRange<Double>])
    }

    private(set) var labels: [String: Label] = [:]
    /// Ids of labels with a target by start of their interval.
    private var order: [(from: Double, id: String)] = []
    /// Length of the longest interval so far, which bounds how far back a covering label starts.
    private var longest = 0.0

    /// Times nearer than this are equal: a microsecond, as payloads carry them.
    static let tolerance = 1e-6

    mutating func apply(_ message: LabelMessage) -> Change {
        let label = Label(
            id: message.id, t: message.t, from: message.from, to: message.to, target: WindowTarget(message.content))
        let previous = labels[label.id]
        if let previous, previous.t > label.t || previous == label { return .none }
        insert(label)
        var ranges: [ClosedRange<Double>] = []
        if let previous, previous.target != nil { ranges.append(previous.from...previous.to) }
        if label.target != nil { ranges.append(label.from...label.to) }
        return ranges.isEmpty ? .none : .affects(ranges)
    }

    /// Adds or replaces a label without asking which is newer: for those read back from the database.
    mutating func insert(_ label: Label) {
        if let previous = labels[label.id], previous.target != nil { removeFromOrder(previous) }
        labels[label.id] = label
        guard label.target != nil else { return }
        order.insert((label.from, label.id), at: position(of: label.from, label.id))
        longest = max(longest, label.to - label.from)
    }

    /// Removes the label whose interval starts first, and says which; withdrawn ones go before all others.
    mutating func removeOldest() -> Label? {
        let oldest = labels.values.min { a, b in
            (a.target == nil ? 0 : 1, a.from, a.id) < (b.target == nil ? 0 : 1, b.from, b.id)
        }
        guard let oldest else { return nil }
        if oldest.target != nil { removeFromOrder(oldest) }
        labels[oldest.id] = nil
        return oldest
    }

    /// Visits the labels that share time with an interval, by start; withdrawn ones are left out.
    func forEachLabel(touching from: Double, _ to: Double, _ visit: (Label, WindowTarget) -> Void) {
        var index = position(of: from - longest - Self.tolerance, "")
        while index < order.count, order[index].from < to - Self.tolerance {
            defer { index += 1 }
            guard let label = labels[order[index].id], let said = label.target, from < label.to - Self.tolerance
            else { continue }
            visit(label, said)
        }
    }

    private mutating func removeFromOrder(_ label: Label) {
        let at = position(of: label.from, label.id)
        guard at < order.count, order[at].id == label.id else { return }
        order.remove(at: at)
    }

    /// The first place whose (start, id) is not below the one given.
    private func position(of from: Double, _ id: String) -> Int {
        var low = 0
        var high = order.count
        while low < high {
            let middle = (low + high) / 2
            if (order[middle].from, order[middle].id) < (from, id) { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
