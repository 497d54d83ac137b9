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

    /// Whose counts a series' decisions belong to; nothing where these are unknown.
    func subjects(of key: DecisionSeries.Key) -> DecisionSeries.Subjects? {
        guard let site = names[key.device].split(separator: "/").first.flatMap({ names.known(String($0)) }),
            let device = book.known(Subject(kind: .device, name: key.device, model: key.model)),
            let place = book.known(Subject(kind: .site, name: site, model: key.model)),
            let fleet = book.known(Subject(kind: .fleet, name: 0, model: key.model))
        else { return nil }
        return DecisionSeries.Subjects(device: device, site: place, fleet: fleet, siteName: site)
    }

    /// Takes note of the subjects that were put back into the book.
    mutating func restoreSubjects() {
        for subject in book.subjects {
            switch subject.kind {
            case .version: versions.insert(VersionKey(model: subject.model, version: subject.name))
            case .edge: restoreEdge(named: subject.name)
            case .device, .site, .fleet: break
            }
        }
    }

    /// Puts a stored record back, in order of arrival; the counts hold it already.
    mutating func restore(_ record: DecisionRecord, series index: Int) {
        let (position, isFound) = series[index].position(of: record.start)
        guard !isFound else { return }
        series[index].records.insert(record, at: position)
        arrivals.append(RecordKey(series: index, start: record.start))
        series[index].note(record)
    }
}
