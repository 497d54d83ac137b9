import Telemetry

/// Whose counts are meant, by the numbers of the name table.
struct Subject: Sendable, Hashable {
    enum Kind: Int, Sendable, CaseIterable { case version, device, edge, site, fleet }

    /// Stands for all models together: what is not any model's alone, such as an edge's joules.
    static let allModels: Int32 = -1

    var kind: Kind
    /// Number of the name `site/device`, `site/edge` or `site`; a version itself; 0 for the fleet.
    var name: Int32
    var model: Int32
}

/// A version of a model, by the numbers of the name table.
struct VersionKey: Sendable, Hashable {
    var model: Int32
    var version: Int32

    var subject: Subject { Subject(kind: .version, name: version, model: model) }
}
