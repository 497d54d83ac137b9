import Telemetry

/// What was heard of the fleet that a single message does not say.
struct FleetFacts: Sendable {
    /// Edges, devices and versions remembered at most, each.
    static let capacity = 20_000

    /// Site of each edge service, from its status.
    var sites: [String: String] = [:]
    /// By instance.
    var online: [String: Bool] = [:]
    private(set) var installed: [EdgeID: [String: InstalledMessage]] = [:]
    /// Edges that run each version of a model.
    private var running: [String: [Int: Int]] = [:]
    /// Last scores by model and version.
    var accuracies: [String: [Int: AccuracyMessage]] = [:]
    var drift: [AlertID: DriftTrack] = [:]

    init() {}

    func edge(_ instance: String) -> EdgeID? { sites[instance].map { EdgeID(site: $0, edge: instance) } }

    /// Takes what an edge says of a model, or nothing where it took that back.
    mutating func install(_ report: InstalledMessage?, model: String, _ edge: EdgeID) {
        var models = installed[edge] ?? [:]
        let before = models[model]?.running
        models.set(report, for: model, within: 256)
        installed.set(models.isEmpty ? nil : models, for: edge, within: Self.capacity)
        let after = installed[edge]?[model]?.running
        guard before != after else { return }
        if let before {
            let others = (running[model]?[before] ?? 1) - 1
            running[model]?[before] = others > 0 ? others : nil
        }
        if let after { running[model, default: [:]][after, default: 0] += 1 }
    }

    /// Whether some edge runs a version.
    func isRun(_ model: String, _ version: Int) -> Bool { running[model]?[version] != nil }
}

extension Dictionary {
    /// Sets a value unless that would be one too many.
    mutating func set(_ value: Value?, for key: Key, within capacity: Int) {
        if value == nil || self[key] != nil || count < capacity { self[key] = value }
    }
}
