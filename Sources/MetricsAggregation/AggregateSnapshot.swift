import JSON

/// What has changed since the last store, as values: taken under the lock, written outside it.
struct AggregateSnapshot: Sendable {
    struct Name: Sendable {
        var number: Int32
        var text: String
    }

    struct Series: Sendable {
        var number: Int
        var key: DecisionSeries.Key
        var sealed: JSONValue
    }

    struct Record: Sendable {
        var series: Int
        var record: DecisionRecord
    }

    struct Interval: Sendable {
        var key: DecisionJoin.IntervalKey
        var interval: IntervalTable.Interval
    }

    struct Tally: Sendable {
        var key: VersionKey
        var tally: JSONValue
    }

    struct Document: Sendable {
        var name: String
        var content: JSONValue
    }

    /// Everything, in place of all that is stored: after a write that failed.
    var isComplete = false
    var names: [Name] = []
    var series: [Series] = []
    var records: [Record] = []
    var sealedRecords: [DecisionJoin.RecordKey] = []
    var intervals: [Interval] = []
    var evictedIntervals: [DecisionJoin.IntervalName] = []
    var tallies: [Tally] = []
    var documents: [Document] = []

    var isEmpty: Bool {
        names.isEmpty && series.isEmpty && records.isEmpty && sealedRecords.isEmpty && intervals.isEmpty
            && evictedIntervals.isEmpty && tallies.isEmpty && documents.isEmpty
    }
}

extension DecisionJoin {
    /// Moves what has changed into a snapshot.
    mutating func drain(into snapshot: inout AggregateSnapshot) {
        for number in pending.storedNames..<names.names.count {
            snapshot.names.append(.init(number: Int32(number), text: names.names[number]))
        }
        pending.storedNames = names.names.count
        for number in pending.series.sorted() {
            snapshot.series.append(
                .init(number: number, key: series[number].key, sealed: series[number].sealedJSON))
        }
        for key in pending.records {
            let (position, isFound) = series[key.series].position(of: key.start)
            guard isFound, series[key.series].records[position].isDirty else { continue }
            series[key.series].records[position].isDirty = false
            snapshot.records.append(.init(series: key.series, record: series[key.series].records[position]))
        }
        snapshot.sealedRecords = pending.sealedRecords
        for name in pending.intervals {
            if let interval = intervals[name.key]?.interval(name.id) {
                snapshot.intervals.append(.init(key: name.key, interval: interval))
            }
        }
        snapshot.evictedIntervals = Array(pending.evictedIntervals)
        for key in pending.tallies {
            if let tally = sealed[key] { snapshot.tallies.append(.init(key: key, tally: tally.json)) }
        }
        let stored = pending.storedNames
        pending = PendingChanges()
        pending.storedNames = stored
    }

    /// Makes the next drain take everything.
    mutating func markAll() {
        pending = PendingChanges()
        pending.series = Set(series.indices)
        pending.tallies = Set(sealed.keys)
        for (key, table) in intervals {
            for interval in table.intervals {
                pending.intervals.insert(IntervalName(key: key, id: interval.id))
            }
        }
        for index in series.indices {
            for position in series[index].records.indices {
                series[index].records[position].isDirty = true
                pending.records.append(RecordKey(series: index, start: series[index].records[position].start))
            }
        }
    }
}

extension Aggregation {
    /// Takes what has changed since the last call.
    mutating func drain() -> AggregateSnapshot {
        var snapshot = AggregateSnapshot()
        snapshot.isComplete = mustStoreAll
        if mustStoreAll {
            join.markAll()
            energy.changedEdges = Set(energy.edges.keys)
            energy.changedAccounts = Set(energy.accounts.keys)
            fleet.isUnstored = true
            mustStoreAll = false
        }
        join.drain(into: &snapshot)
        for id in energy.changedEdges {
            if let edge = energy.edges[id] {
                snapshot.documents.append(.init(name: "energy/\(id)", content: edge.json))
            }
        }
        for key in energy.changedAccounts {
            if let account = energy.accounts[key] {
                snapshot.documents.append(.init(name: "account/\(key.model)/\(key.version)", content: account.json))
            }
        }
        if fleet.isUnstored { snapshot.documents.append(.init(name: "fleet", content: fleet.storedJSON)) }
        energy.changedEdges = []
        energy.changedAccounts = []
        fleet.isUnstored = false
        return snapshot
    }
}
