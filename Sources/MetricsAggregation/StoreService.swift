import Logging
import Metrics
import ServiceLifecycle
import ServiceRuntime
import Storage

/// Writes what changed to the database at every interval, and once more at the end; brings records back that something
/// late is about; removes what is older than it is kept.
actor StoreService: Service {
    /// Records that are brought back at once at most.
    private static let page = 10_000

    private let live: LiveAggregation
    private let context: ServiceContext
    private let store: AggregateStore
    private let interval: Duration
    private let metrics: AggregatorMetrics
    /// What the database refused: it is tried again before anything newer.
    private var unwritten: AggregateSnapshot?
    private var trimmed: Int32 = 0

    init(
        live: LiveAggregation, context: ServiceContext, store: AggregateStore, interval: Duration,
        metrics: AggregatorMetrics
    ) {
        self.live = live
        self.context = context
        self.store = store
        self.interval = interval
        self.metrics = metrics
    }

    func run() async throws {
        await cancelWhenGracefulShutdown { [self] in
            while !Task.isCancelled {
                // Only cancellation interrupts the sleep.
                do { try await Task.sleep(for: interval) } catch { return }
                await save()
            }
        }
        await save()
        try await store.database.close()
    }

    /// Writes what changed since the last call.
    func save() async {
        do {
            if let unwritten {
                try await store.write(unwritten)
                self.unwritten = nil
            }
            try await write()
            try await recall()
            try await trim()
        } catch {
            let now = context.now()
            // While the disk takes nothing, the memory must not fill.
            live.withLock { aggregation in
                if aggregation.join.recordCount > 2 * aggregation.join.limits.records {
                    aggregation.join.seal(now: now, isForced: true)
                }
            }
            context.board.count("storesFailed")
            context.logger.error(
                "the database refuses writes; they are tried again", metadata: [AggregatorLogKeys.error: "\(error)"])
        }
    }

    private func write() async throws {
        let now = context.now()
        let snapshot = live.withLock { $0.drain(now: now) }
        unwritten = snapshot
        let start = ContinuousClock.now
        try await store.write(snapshot)
        metrics.storeTime.record(duration: ContinuousClock.now - start)
        unwritten = nil
    }

    /// Reads the records that late words wait for, and counts these.
    private func recall() async throws {
        while let recall = live.withLock({ $0.join.recalls.first }) {
            let names = live.withLock { $0.join.names.names.count }
            var starts = recall.starts
            while true {
                let records = try await store.records(
                    series: recall.series, starts, limit: Self.page, names: names)
                let now = context.now()
                live.withLock { $0.join.take(records, of: recall, now: now) }
                try await write()
                guard records.count == Self.page, let last = records.last, last.start < starts.upperBound else { break }
                starts = last.start + 1...starts.upperBound
            }
            live.withLock { _ = $0.join.recalls.removeFirst() }
            context.board.count("recalls")
        }
    }

    /// Looks at a few subjects each time, so that all are looked at within minutes.
    private func trim() async throws {
        let now = context.now()
        let (subjects, count) = live.withLock { [trimmed] aggregation in
            let all = aggregation.join.book.subjects
            let number = max(1, all.count / 256)
            let numbers = all.isEmpty ? [] : (0..<number).map { (Int(trimmed) + $0) % all.count }
            return (numbers.map { (Int32($0), all[$0].kind) }, all.count)
        }
        for (subject, kind) in subjects { try await store.trim(subject, kind, now: now) }
        try await store.trimRecords(before: now - store.limits.seconds)
        trimmed = count == 0 ? 0 : Int32((Int(trimmed) + subjects.count) % count)
    }
}
