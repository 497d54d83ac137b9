/// One path and what answers there.
public struct HTTPRoute: Sendable {
    /// Largest body of an action, in bytes.
    public static let bodyLimit = 64 << 10

    /// What is asked for.
    public struct Request: Sendable {
        /// The values of `{name}` levels of the path, decoded.
        public let parameters: [String: String]
        /// What stands behind `?`, decoded; the first of each name.
        public let query: [String: String]
        /// By lower-case name; the first of each name.
        public let headers: [String: String]
        /// What an action was sent with.
        public let body: [UInt8]

        public init(
            parameters: [String: String] = [:], query: [String: String] = [:], headers: [String: String] = [:],
            body: [UInt8] = []
        ) {
            self.parameters = parameters
            self.query = query
            self.headers = headers
            self.body = body
        }
    }

    /// An answer held in memory.
    public struct Answer: Sendable, Equatable {
        public var status: Int
        public var contentType: String
        public var body: [UInt8]
        /// Changes with the body, so that a browser may keep it; without one nothing is kept.
        public var entityTag: String?

        public init(status: Int = 200, contentType: String, body: [UInt8], entityTag: String? = nil) {
            self.status = status
            self.contentType = contentType
            self.body = body
            self.entityTag = entityTag
        }

        public static func text(
            _ text: String, status: Int = 200, contentType: String = "text/plain; charset=utf-8"
        ) -> Answer {
            Answer(status: status, contentType: contentType, body: Array(text.utf8))
        }

        public static func json(_ bytes: [UInt8]) -> Answer {
            Answer(contentType: "application/json", body: bytes)
        }

        public static let notFound = text("not found\n", status: 404)
    }

    /// Ways of answering.
    enum Handler: Sendable {
        case answer(@Sendable (Request) async throws -> Answer)
        case action(@Sendable (Request) async throws -> Answer)
        case events(@Sendable (Request) async throws -> EventFeed.Opening)
    }

    public let path: String
    let handler: Handler

    /// Answers GET.
    ///
    /// - Parameters:
    ///   - path: levels, of which some may be `{name}`: `/api/models/{model}`.
    ///   - respond: an error becomes status 500 and is logged, not shown.
    public init(_ path: String, respond: @escaping @Sendable (Request) async throws -> Answer) {
        self.path = path
        handler = .answer(respond)
    }

    /// Answers POST by those who bring the token of `http.token`; everybody else is refused before the body is read.
    public init(action path: String, respond: @escaping @Sendable (Request) async throws -> Answer) {
        self.path = path
        handler = .action(respond)
    }

    /// Answers GET with server-sent events, until the listener leaves or the feed lets it go.
    public init(events path: String, open: @escaping @Sendable (Request) async throws -> EventFeed.Opening) {
        self.path = path
        handler = .events(open)
    }
}
