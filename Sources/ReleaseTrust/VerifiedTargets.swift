/// What a complete, verified set of metadata says may be installed.
public struct VerifiedTargets: Sendable, Equatable {
    /// Of the targets document.
    public let version: Int
    public let targets: [ReleaseTarget]
    /// Signed with keys that were made without ceremony.
    public let isDevelopment: Bool
    /// Unix seconds at which the first of the four documents expires.
    public let expires: Int

    /// The task document of a model.
    public func task(model: String) -> ReleaseTarget? { targets.first { $0.kind == .task(model: model) } }

    /// The student that an edge should run: the highest version of its channel and profile whose wave includes it.
    public func student(
        model: String, profile: String, channel: String, site: String, edge: String
    ) -> (target: ReleaseTarget, release: ReleaseTarget.Student)? {
        targets.compactMap { target in target.student.map { (target: target, release: $0) } }
            .filter { candidate in
                candidate.release.model == model && candidate.release.profile == profile
                    && candidate.release.channel == channel && candidate.release.wave.includes(site: site, edge: edge)
            }
            .max { $0.release.version < $1.release.version }
    }
}
