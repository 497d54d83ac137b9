import JSON
public import ModelArtifact

/// A task as the registry holds it, and the rule by which it may change.
public struct CataloguedTask: Sendable, Equatable {
    public let document: TaskDocument
    /// 1 for the first, one more for each accepted change.
    public let revision: Int
    /// What is signed and published.
    public let bytes: [UInt8]

    init(_ document: TaskDocument, revision: Int) {
        self.document = document
        self.revision = revision
        bytes = document.json.bytes
    }

    /// - Throws: `JSONError` where the stored document is damaged.
    init(stored bytes: [UInt8], revision: Int) throws(JSONError) {
        document = try TaskDocument(json: JSONValue(parsing: bytes))
        self.revision = revision
        self.bytes = bytes
    }

    /// The task that `document` makes of `current`; nothing where it changes nothing.
    ///
    /// - Throws: ``RegistryError`` `.refused` where students of `current` exist that could not serve the new task.
    static func revise(
        _ current: CataloguedTask?, to document: TaskDocument, hasVersions: Bool
    ) throws(RegistryError) -> CataloguedTask? {
        guard let current else { return CataloguedTask(document, revision: 1) }
        guard current.document != document else { return nil }
        if hasVersions, let difference = difference(document, current.document) {
            throw RegistryError(
                .refused,
                "the task \(document.name) cannot change its \(difference) while students for it exist: name a new one")
        }
        return CataloguedTask(document, revision: current.revision + 1)
    }

    /// The first part of two tasks' shape that differs: what decides whether a student of one can serve the other.
    static func difference(_ a: TaskDocument, _ b: TaskDocument) -> String? {
        if a.name != b.name { return "name" }
        if a.kind != b.kind { return "kind" }
        if a.channels != b.channels { return "channels" }
        if a.rate != b.rate { return "rate" }
        if a.window != b.window { return "window" }
        if a.classes.map(\.name) != b.classes.map(\.name) { return "classes" }
        if a.target != b.target { return "target" }
        if a.heads.map(\.name) != b.heads.map(\.name)
            || a.heads.map({ $0.classes.map(\.name) }) != b.heads.map({ $0.classes.map(\.name) })
        {
            return "heads"
        }
        return nil
    }
}
