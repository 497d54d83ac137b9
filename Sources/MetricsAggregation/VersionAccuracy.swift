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
        return Set(join.versions.map { whole($0) }).compactMap { key in
            accuracy(key, basis: basis(key.model, bases), now: now).map {
                VersionAccuracy(model: join.names[key.model], version: Int(key.version), message: $0)
            }
        }.sorted { ($0.model, $0.version) < ($1.model, $1.version) }
    }
}
