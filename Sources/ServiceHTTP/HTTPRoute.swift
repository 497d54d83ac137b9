/// One path that answers GET requests.
public struct HTTPRoute: Sendable {
    /// What is asked for.
    public struct Request: Sendable {
        /// The values of `{name}` levels of the path, decoded.
        public let parameters: [String: String]
        /// What stands behind `?`, decoded; the first of each name.
        public let query: [String: String]
        /// By lower-case name; the first of each name.
        public let headers: [String: String]
    }

    /// An answer held in memory.
    public struct Answer: Sendable {
        public var status: Int
        public var contentType: String
        public var body: [UInt8]

        public init(status: Int = 200, contentType: String, body: [UInt8]) {
            self.status = status
            self.contentType = contentType
            self.body = body
        }

        public static func text(_ text: String, contentType: String = "text/plain; charset=utf-8") -> Answer {
            Answer(contentType: contentType, body: Array(text.utf8))
        }

        public static func json(_ bytes: [UInt8]) -> Answer {
            Answer(contentType: "application/json", body: bytes)
        }

        public static let notFound = Answer(
            status: 404, contentType: "text/plain; charset=utf-8", body: Array("not found\n".utf8))
    }

    public let path: String
    let respond: @Sendable (Request) async throws -> Answer

    /// - Parameters:
    ///   - path: levels, of which some may be `{name}`: `/api/models/{model}`.
    ///   - respond: an error becomes status 500 and is logged, not shown.
    public init(_ path: String, respond: @escaping @Sendable (Request) async throws -> Answer) {
        self.path = path
        self.respond = respond
    }
}
