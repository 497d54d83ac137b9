import Telemetry

/// The scores of one version of a model by its name.
struct VersionAccuracy: Sendable, Equatable {
    var model: String
    var version: Int
    var message: AccuracyMessage
}

extension Aggregation {
    /// Every version that decided anything, by model and version.
    func accuracies(now: Double) -> [VersionAccuracy] {
        let bases = bases
        return Set(join.live.keys.map { whole($0) }).compactMap { key in
            accuracy(key, basis: basis(key.model, bases), now: now).map {
                VersionAccuracy(model: join.names[key.model], version: Int(key.version), message: $0)
            }
        }.sorted { ($0.model, $0.version) < ($1.model, $1.version) }
    }

    /// Says these topics again at the next publication, whether or not they change.
    mutating func unpublish(_ names: [String]) {
        for name in names {
            published[name] = nil
            switch topics.parse(name) {
            case .accuracy(let model, let version):
                if let number = join.names.known(model) {
                    join.changedVersions.insert(VersionKey(model: number, version: Int32(version)))
                }
            case .fleetDevice(let device): fleet.changedDevices.insert(device)
            case .fleetSite(let site): fleet.changedSites.insert(site)
            default: break
            }
        }
    }
}
