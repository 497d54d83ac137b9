import JSON

extension TrustStore {
    /// Version of the stored form.
    private static let currentFormat = 1

    /// The trusted documents, for the edge's disk. Pending ones are left out: they will be sent again.
    public func encode() -> [UInt8] {
        var object: JSONObject = ["format": .integer(Int64(Self.currentFormat))]
        object["root"] = Self.text(root.document)
        object["timestamp"] = timestamp.map(Self.text)
        object["snapshot"] = snapshot.map(Self.text)
        object["targets"] = (targets?.document).map(Self.text)
        return JSONValue.object(object).bytes
    }

    private static func text(_ document: SignedDocument) -> JSONValue {
        .string(String(decoding: document.bytes, as: UTF8.self))
    }

    /// Reads what ``encode()`` wrote and verifies its signatures again.
    ///
    /// - Parameter provisioned: the root document that came with the edge; the later of both roots counts.
    /// - Throws: ``TrustError``: what is stored was damaged or tampered with.
    public init(decoding bytes: [UInt8], provisioned: [UInt8]) throws(TrustError) {
        let stored: JSONObjectReader
        let storedRoot: String
        do {
            stored = try JSONObjectReader(try JSONValue(parsing: bytes))
            guard try stored.integer("format") == Self.currentFormat else {
                throw TrustError(.unsupported, "the stored trust has another format than \(Self.currentFormat)")
            }
            storedRoot = try stored.string("root")
        } catch let error as TrustError {
            throw error
        } catch {
            throw TrustError(.malformed, "the stored trust: \(error)", cause: error)
        }
        try self.init(root: Array(storedRoot.utf8))
        let provisionedRoot = try TrustStore(root: provisioned).root
        timestamp = try restore(stored, .timestamp)
        snapshot = try restore(stored, .snapshot)
        if let document = try restore(stored, .targets) { targets = (document, try Self.targets(document)) }
        if provisionedRoot.version > root.version { adopt(provisionedRoot) }
    }

    private func restore(_ stored: JSONObjectReader, _ role: TrustRole) throws(TrustError) -> SignedDocument? {
        let text: String?
        do throws(JSONError) {
            text = try stored.optionalString(role.rawValue)
        } catch {
            throw TrustError(.malformed, "the stored trust: \(error)", cause: error)
        }
        guard let text else { return nil }
        let document = try SignedDocument(role, Array(text.utf8))
        guard try document.verify(by: root) == .verified else {
            throw TrustError(.thresholdNotMet, "the stored \(role) is not signed by the stored root's keys")
        }
        return document
    }
}
