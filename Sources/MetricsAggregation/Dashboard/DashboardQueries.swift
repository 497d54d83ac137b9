package import JSON

/// What the dashboard asks of the aggregator's records; answers are the documents of `docs/asyncapi.yaml`.
package protocol DashboardQueries: Sendable {
    /// The fleet at this moment with the scores of every version.
    func summaryDocument() -> JSONValue
    /// - Throws: ``DashboardError`` where what is asked for is no subject or resolution.
    func historyDocument(subject: String, model: String?, seconds: Int, from: Double, to: Double) async throws -> JSONValue
    /// Newest first.
    func receiptsDocument(model: String?, limit: Int) async throws -> JSONValue
    func versionsDocument(model: String) async throws -> JSONValue
    /// - Throws: ``DashboardError`` where what is asked for is no resolution.
    func devicesDocument(seconds: Int, from: Double, to: Double) async throws -> JSONValue
}

/// What keeps the dashboard from answering.
package struct DashboardError: Error, CustomStringConvertible {
    /// For people: what is wrong with what they asked.
    package let message: String
    package var description: String { message }

    package init(_ message: String) { self.message = message }
}
