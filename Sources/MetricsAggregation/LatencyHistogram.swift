#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Latencies in buckets that grow by an eighth of an octave: a percentile is right within 5 %.
struct LatencyHistogram: Sendable, Equatable {
    private static let perOctave = 8.0
    private static let smallest = 0.1

    /// Counts by bucket.
    private(set) var buckets: [Int32: Int] = [:]

    init() {}

    init(buckets: [Int32: Int]) { self.buckets = buckets }

    /// - Parameters:
    ///   - microseconds: finite and not below 0.
    ///   - amount: 1, or −1 to take back.
    mutating func add(microseconds: Float, _ amount: Int) {
        let ratio = max(1, Double(microseconds) / Self.smallest)
        let bucket = Int32(log2(ratio) * Self.perOctave)
        let count = (buckets[bucket] ?? 0) + amount
        buckets[bucket] = count == 0 ? nil : count
    }

    mutating func add(_ other: LatencyHistogram) {
        for (bucket, more) in other.buckets {
            let count = (buckets[bucket] ?? 0) + more
            buckets[bucket] = count == 0 ? nil : count
        }
    }

    /// The middle of the bucket that holds the given share of the latencies, microseconds; nothing without any.
    ///
    /// - Domain: `share` within 0 and 1.
    func percentiles(_ shares: [Double]) -> [Double]? {
        let total = buckets.values.reduce(0, +)
        guard total > 0 else { return nil }
        let sorted = buckets.sorted { $0.key < $1.key }
        return shares.map { share in
            let rank = max(1, Int((share * Double(total)).rounded(.up)))
            var seen = 0
            for (bucket, count) in sorted {
                seen += count
                if seen >= rank { return Self.smallest * exp2((Double(bucket) + 0.5) / Self.perOctave) }
            }
            return 0
        }
    }
}
