/// Window starts that were counted and whose records are gone: a copy that comes now must not be counted again.
///
/// Neighbouring windows make one range, so that months of them take a few numbers. A window lost within a range and
/// sent again much later is taken for a copy.
struct SealedRanges: Sendable, Equatable {
    static let capacity = 64

    /// Disjoint, in order; milliseconds since 1970, both ends belong to them.
    private(set) var ranges: [ClosedRange<Int64>] = []

    init(ranges: [ClosedRange<Int64>] = []) { self.ranges = ranges }

    func contains(_ start: Int64) -> Bool { ranges.contains { $0.contains(start) } }

    /// - Parameters:
    ///   - start: a window's start, milliseconds.
    ///   - length: its length, milliseconds: ranges at most this far apart become one.
    mutating func insert(_ start: Int64, length: Int64) {
        var merged = start...start
        ranges.removeAll { range in
            guard range.lowerBound - length <= merged.upperBound, merged.lowerBound - length <= range.upperBound
            else { return false }
            merged = min(range.lowerBound, merged.lowerBound)...max(range.upperBound, merged.upperBound)
            return true
        }
        ranges.insert(merged, at: ranges.firstIndex { $0.lowerBound > merged.lowerBound } ?? ranges.count)
        if ranges.count > Self.capacity { ranges.removeFirst() }
    }
}
