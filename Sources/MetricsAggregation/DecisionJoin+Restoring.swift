/// Putting back what was stored.
extension DecisionJoin {
    @discardableResult
    mutating func append(_ new: DecisionSeries) -> Int {
        series.append(new)
        seriesIndices[new.key] = series.count - 1
        seriesOfDevice[new.key.device, default: []].append(series.count - 1)
        pending.series.insert(series.count - 1)
        return series.count - 1
    }

    mutating func restore(name: String) { _ = names.index(name) }

    /// Puts a stored record back, in order of arrival, and counts it.
    mutating func restore(_ record: DecisionRecord, series index: Int) {
        let (position, isFound) = series[index].position(of: record.start)
        guard !isFound else { return }
        series[index].records.insert(record, at: position)
        arrivals.append(RecordKey(series: index, start: record.start))
        apply(record, index, 1)
        series[index].note(record)
    }
}
