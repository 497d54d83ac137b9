import JSON
import Telemetry

/// What has changed since the last store, as values: taken under the lock, written outside it.
struct AggregateSnapshot: Sendable {
    struct Name: Sendable {
        var number: Int32
        var text: String
    }

    struct NumberedSubject: Sendable {
        var number: Int32
        var subject: Subject
    }

    struct Total: Sendable {
        var subject: Int32
        var tally: Tally
    }

    struct Series: Sendable {
        var number: Int
        var key: DecisionSeries.Key
        var content: JSONValue
    }

    struct Record: Sendable {
        var series: Int
        var record: DecisionRecord
    }

    struct Interval: Sendable {
        var key: DecisionJoin.IntervalKey
        var interval: IntervalTable.Interval
    }

    struct Document: Sendable {
        var name: String
        var content: JSONValue
    }

    /// Counts up from one store to the next, so that a snapshot is written once however often it is tried.
    var number = 0
    var names: [Name] = []
    var subjects: [NumberedSubject] = []
    var totals: [Total] = []
    var minutes: [TallyBook.MinuteKey: Tally] = [:]
    var series: [Series] = []
    var records: [Record] = []
    var intervals: [Interval] = []
    var evictedIntervals: [DecisionJoin.IntervalName] = []
    var updates: [FleetUpdate] = []
    var documents: [Document] = []

    var isEmpty: Bool {
        names.isEmpty && subjects.isEmpty && totals.isEmpty && minutes.isEmpty && series.isEmpty && records.isEmpty
            && intervals.isEmpty && evictedIntervals.isEmpty && updates.isEmpty && documents.isEmpty
    }
}

extension DecisionJoin {
    /// Moves what has changed into a snapshot, and leaves records to the disk that are then there.
    mutating func drain(into snapshot: inout AggregateSnapshot, now: Double) {
        for key in pending.records {
            let (position, isFound) = series[key.series].position(of: key.start)
            guard isFound, series[key.series].records[position].isDirty else { continue }
            series[key.series].records[position].isDirty = false
            snapshot.records.append(.init(series: key.series, record: series[key.series].records[position]))
        }
        pending.records = []
        seal(now: now)
        book.drain(into: &snapshot)
        for number in pending.storedNames..<names.names.count {
            snapshot.names.append(.init(number: Int32(number), text: names.names[number]))
        }
        for number in pending.series.sorted() {
            snapshot.series.append(.init(number: number, key: series[number].key, content: series[number].storedJSON))
        }
        for name in pending.intervals {
            if let interval = intervals[name.key]?.interval(name.id) {
                snapshot.intervals.append(.init(key: name.key, interval: interval))
            }
        }
        snapshot.evictedIntervals = Array(pending.evictedIntervals)
        pending = PendingChanges()
        pending.storedNames = names.names.count
    }
}

extension Aggregation {
    /// Takes what has changed since the last call.
    mutating func drain(now: Double) -> AggregateSnapshot {
        creditTraffic(now: now)
        var snapshot = AggregateSnapshot()
        join.drain(into: &snapshot, now: now)
        for id in energy.changedEdges {
            if let edge = energy.edges[id] {
                snapshot.documents.append(.init(name: "energy/\(id)", content: edge.json))
            }
        }
        energy.changedEdges = []
        if fleet.isUnstored { snapshot.documents.append(.init(name: "fleet", content: fleet.storedJSON)) }
        fleet.isUnstored = false
        let recalls = join.recallsJSON
        if recalls != storedRecalls { snapshot.documents.append(.init(name: "recalls", content: recalls)) }
        storedRecalls = recalls
        snapshot.updates = fleet.updates
        fleet.updates = []
        if !snapshot.isEmpty {
            stores += 1
            snapshot.number = stores
        }
        return snapshot
    }
}
