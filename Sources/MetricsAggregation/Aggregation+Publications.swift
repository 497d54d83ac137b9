import BusAPI
import JSON
import Telemetry

/// What is said of what is counted, and when.
extension Aggregation {
    /// The retained messages that differ from what was published last.
    ///
    /// - Parameters:
    ///   - summary: the fleet's at this moment, where it is known already.
    ///   - limit: messages at most; devices that do not fit wait for the next call.
    mutating func publications(
        now: Double, summary known: FleetSummary? = nil, limit: Int = 250
    ) -> [BusMessage] {
        creditTraffic(now: now)
        var messages: [BusMessage] = []
        let bases = bases
        var versions = noteChanges()
        add(.fleetSummary, known ?? summary(now: now), now: now, to: &messages)
        // Where a first truth changes what a model's versions are compared with, all of them say so.
        for key in join.versions where bases[key.model] != publishedBases[key.model] { versions.insert(whole(key)) }
        publishedBases = bases
        versions.formUnion(unsaid)
        unsaid = []
        for key in versions {
            guard let accuracy = accuracy(key, basis: basis(key.model, bases), now: now) else { continue }
            add(
                .accuracy(model: join.names[key.model], version: Int(key.version)), accuracy, now: now, to: &messages)
        }
        let models = models
        let seriesByDevice = fleet.changedDevices.isEmpty && fleet.changedSites.isEmpty ? [:] : seriesByDevice()
        let bySite = Dictionary(
            grouping: Set(fleet.devices.keys).union(seriesByDevice.keys).subtracting(fleet.forgotten), by: \.site)
        for site in fleet.changedSites {
            add(
                .fleetSite(site), siteSummary(site, bySite[site] ?? [], models, bases, now: now), now: now,
                to: &messages)
        }
        fleet.changedSites = []
        let devices = fleet.changedEdges.isEmpty ? [:] : devicesByEdge()
        for edge in fleet.changedEdges {
            add(
                .fleetEdge(edge), edgeSummary(edge, devices[edge] ?? 0, models, bases, now: now), now: now,
                to: &messages)
        }
        fleet.changedEdges = []
        for device in fleet.changedDevices.sorted() {
            guard messages.count < limit else { break }
            fleet.changedDevices.remove(device)
            guard !fleet.forgotten.contains(device) else {
                takeBack(.fleetDevice(device), to: &messages)
                continue
            }
            add(
                .fleetDevice(device), deviceSummary(device, bases, seriesByDevice[device] ?? [], now: now), now: now,
                to: &messages)
        }
        return messages
    }

    /// Passes what has changed in the book on to whom it is about.
    ///
    /// - Returns: the versions among them, whole ones.
    private mutating func noteChanges() -> Set<VersionKey> {
        var versions: Set<VersionKey> = []
        for number in join.book.takeUnpublished() {
            let subject = join.book.subjects[Int(number)]
            switch subject.kind {
            case .version: versions.insert(whole(VersionKey(model: subject.model, version: subject.name)))
            case .device: if let device = device(named: subject.name) { fleet.changedDevices.insert(device) }
            case .site: fleet.changedSites.insert(join.names[subject.name])
            case .edge:
                let parts = join.names[subject.name].split(separator: "/").map(String.init)
                if parts.count == 2 { fleet.changedEdges.insert(EdgeID(site: parts[0], edge: parts[1])) }
            case .fleet: break
            }
        }
        return versions
    }

    /// Makes the next ``publications(now:limit:)`` say everything again: a broker that restarted may have lost it.
    mutating func forgetPublished() {
        published = [:]
        join.book.publishAll()
        fleet.changedDevices.formUnion(fleet.devices.keys)
        fleet.changedDevices.formUnion(fleet.forgotten)
        fleet.changedSites.formUnion(fleet.edges.map(\.site))
        fleet.changedEdges.formUnion(fleet.edges)
    }

    /// Says these topics again at the next publication, whether or not they change.
    mutating func unpublish(_ names: [String]) {
        for name in names {
            published[name] = nil
            switch topics.parse(name) {
            case .accuracy(let model, let version):
                if let number = join.names.known(model) {
                    unsaid.insert(VersionKey(model: number, version: Int32(version)))
                }
            case .fleetDevice(let device): fleet.changedDevices.insert(device)
            case .fleetSite(let site): fleet.changedSites.insert(site)
            case .fleetEdge(let edge): fleet.changedEdges.insert(edge)
            default: break
            }
        }
    }

    private mutating func add(
        _ topic: Topic, _ message: some MessagePayload, now: Double, to messages: inout [BusMessage]
    ) {
        let name = topics.string(topic)
        var timeless = message.json
        if case .object(var object) = timeless {
            object["t"] = nil
            timeless = .object(object)
        }
        guard published[name] != timeless else { return }
        published[name] = timeless
        messages.append(
            BusMessage(topic: name, payload: message.payload, retained: true, contentType: "application/json"))
    }

    private mutating func takeBack(_ topic: Topic, to messages: inout [BusMessage]) {
        let name = topics.string(topic)
        guard published[name] != .null else { return }
        published[name] = .null
        messages.append(BusMessage(topic: name, payload: [], retained: true))
    }

    /// Truth where there is any for the model, else labels.
    var bases: [Int32: Basis] {
        Set(join.versions.map(\.model)).reduce(into: [:]) { bases, model in
            guard let tally = join.book[Subject(kind: .fleet, name: 0, model: model)]?.truth else { return }
            if tally.scored + tally.mixed > 0 { bases[model] = .truth }
        }
    }

    /// Whole models that decided, by their numbers.
    var models: [Int32] { Set(join.versions.map { whole($0).model }).sorted() }

    func device(named name: Int32) -> DeviceID? {
        let parts = join.names[name].split(separator: "/")
        return parts.count == 2 ? DeviceID(site: String(parts[0]), device: String(parts[1])) : nil
    }

    /// Devices by the edge that decided on them last.
    private func devicesByEdge() -> [EdgeID: Int] {
        var devices: [EdgeID: Set<Int32>] = [:]
        for series in join.series {
            guard let last = series.last, join.names.names.indices.contains(Int(last.edge)) else { continue }
            let edge = EdgeID(site: join.names[series.subjects.siteName], edge: join.names[last.edge])
            devices[edge, default: []].insert(series.key.device)
        }
        return devices.mapValues(\.count)
    }

    private func seriesByDevice() -> [DeviceID: [Int]] {
        join.series.indices.reduce(into: [:]) { result, index in
            if let device = device(named: join.series[index].key.device) { result[device, default: []].append(index) }
        }
    }
}
