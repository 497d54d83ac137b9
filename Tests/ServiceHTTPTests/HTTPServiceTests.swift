import BusAPI
import BusTesting
import JSON
import Logging
import ServiceLifecycle
import ServiceRuntime
import Telemetry
import Testing

@testable import ServiceHTTP

@Suite("Answering HTTP")
struct HTTPServiceTests {
    private struct Failure: Error {}

    private static func context() -> ServiceContext {
        ServiceContext(
            executable: "model-registry", instance: "registry", bus: InMemoryBroker().connect("a"),
            topics: TopicSpace(),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, board: StatusBoard(), now: { 1.76e9 },
            stateDirectory: "/tmp", boot: "c41e")
    }

    /// Runs a server while `body` asks it.
    private static func serving(
        _ routes: [HTTPRoute], token: String? = nil, _ context: ServiceContext = context(),
        _ body: (Int) async throws -> Void
    ) async throws {
        let ports = AsyncStream.makeStream(of: Int.self)
        let service = HTTPService(
            HTTPSettings(host: "127.0.0.1", port: 0, token: token), context, routes: routes,
            onListening: { ports.continuation.yield($0) })
        let server = Task { try await service.run() }
        var iterator = ports.stream.makeAsyncIterator()
        let port = try #require(await iterator.next())
        let result: Result<Void, any Error>
        do { result = .success(try await body(port)) } catch { result = .failure(error) }
        server.cancel()
        _ = await server.result
        try result.get()
    }

    @Test("Health, metrics and a route of the service's own are answered; anything else is not found")
    func routes() async throws {
        let context = Self.context()
        context.board.count("rejected", by: 3)
        let route = HTTPRoute("/api/models/{model}") { request in
            guard request.parameters["model"] == "activity" else { throw Failure() }
            return .text("version \(request.query["version"] ?? "none")")
        }
        try await Self.serving([route], token: nil, context) { port in
            let health = try await RawHTTP.get("/health", port)
            #expect(health.hasPrefix("HTTP/1.1 200 ") && health.contains("\"instance\":\"registry\""))
            let metrics = try await RawHTTP.get(
                "/metrics", port, ["Accept: application/openmetrics-text;version=1.0.0,*/*;q=0.1"])
            #expect(metrics.contains("retort_status_total{counter=\"rejected\"} 3\n"))
            #expect(metrics.contains("application/openmetrics-text") && metrics.hasSuffix("# EOF\n"))
            let older = try await RawHTTP.get("/metrics", port)
            #expect(older.contains("text/plain; version=0.0.4") && !older.contains("# EOF"))
            #expect(try await RawHTTP.get("/api/models/activity?version=7%2B1", port).hasSuffix("version 7+1"))
            let failed = try await RawHTTP.get("/api/models/other", port)
            #expect(
                failed.hasPrefix("HTTP/1.1 500 ") && !failed.contains("Failure"), "an error is not shown to strangers")
            #expect(try await RawHTTP.get("/nothing", port).hasPrefix("HTTP/1.1 404 "))
        }
    }

    @Test("Port 0 opens none")
    func off() throws {
        let bus = InMemoryBroker().connect("a")
        let context = ServiceContext(
            executable: "x", instance: "x", bus: bus, topics: TopicSpace(), logger: Logger(label: "test"),
            board: StatusBoard(), now: { 0 }, stateDirectory: "/tmp", boot: "b")
        let configuration = try ServiceConfiguration(executable: "x", keys: HTTPSettings.keys, values: [:])
        #expect(try HTTPService.ifConfigured(configuration, context).isEmpty)
        let bad = try ServiceConfiguration(executable: "x", keys: HTTPSettings.keys, values: ["http.port": "70000"])
        #expect(throws: ConfigurationError.self) { try HTTPSettings(bad) }
    }

    @Test("Every answer says what a browser may do with it, and no other origin is let in")
    func headers() async throws {
        let route = HTTPRoute("/page") { _ in .text("<p>", contentType: "text/html; charset=utf-8") }
        try await Self.serving([route]) { port in
            for path in ["/page", "/health"] {
                let answer = try await RawHTTP.get(path, port, ["Origin: http://evil"]).lowercased()
                for header in [
                    "content-security-policy: default-src 'none'; script-src 'self'", "frame-ancestors 'none'",
                    "x-content-type-options: nosniff", "referrer-policy: no-referrer",
                    "cross-origin-resource-policy: same-origin", "cache-control: no-store",
                ] { #expect(answer.contains(header), "\(path): \(header)") }
                #expect(!answer.contains("access-control-") && !answer.contains("unsafe"))
            }
        }
    }

    @Test("What a browser has already is not sent again")
    func entityTags() async throws {
        let route = HTTPRoute("/file") { _ in
            HTTPRoute.Answer(contentType: "text/css", body: Array("p{}".utf8), entityTag: "v1")
        }
        try await Self.serving([route]) { port in
            #expect(try await RawHTTP.get("/file", port).contains("ETag: \"v1\""))
            let again = try await RawHTTP.get("/file", port, ["If-None-Match: \"v1\""])
            #expect(again.hasPrefix("HTTP/1.1 304 ") && again.hasSuffix("\r\n\r\n"))
            #expect(try await RawHTTP.get("/file", port, ["If-None-Match: \"v0\""]).hasSuffix("p{}"))
        }
    }

    @Test("An action is done for the token alone, on POST alone, and with a bounded body")
    func actions() async throws {
        let token = "0123456789abcdef"
        let route = HTTPRoute(action: "/do") { request in .text("did \(request.body.count)") }
        try await Self.serving([route], token: token) { port in
            #expect(try await RawHTTP.post("/do", port, ["Authorization: Bearer \(token)"], "abc").hasSuffix("did 3"))
            let refused = try await RawHTTP.post("/do", port, ["Authorization: Bearer wrong"], "abc")
            #expect(refused.hasPrefix("HTTP/1.1 401 ") && refused.contains("WWW-Authenticate: Bearer"))
            #expect(!refused.contains(token))
            let other = ["Authorization: Bearer \(token)", "Origin: http://evil"]
            #expect(try await RawHTTP.post("/do", port, other, "abc").hasPrefix("HTTP/1.1 403 "))
            #expect(try await RawHTTP.get("/do", port, ["Authorization: Bearer \(token)"]).hasPrefix("HTTP/1.1 404 "))
            let large = String(repeating: "x", count: HTTPRoute.bodyLimit + 1)
            #expect(
                try await RawHTTP.post("/do", port, ["Authorization: Bearer \(token)"], large).hasPrefix(
                    "HTTP/1.1 413 "))
        }
        try await Self.serving([route]) { port in
            let refused = try await RawHTTP.post("/do", port, ["Authorization: Bearer "], "")
            #expect(refused.hasPrefix("HTTP/1.1 403 ") && refused.contains("http.tokenFile"))
        }
    }

    @Test("Events come one by one over a connection that stays, and a listener that left is forgotten")
    func events() async throws {
        let feed = EventFeed(listeners: 1, queue: 8)
        let route = HTTPRoute(events: "/events") { _ in
            feed.open(["x"], greeting: EventFeed.event("hello", Array("1".utf8)))
        }
        try await Self.serving([route]) { port in
            let teller = Task {
                while !Task.isCancelled {
                    feed.send(EventFeed.event("more", Array("2".utf8)), to: "x")
                    try await Task.sleep(for: .milliseconds(5))
                }
            }
            defer { teller.cancel() }
            let heard = try await RawHTTP.stream("/events", port, until: "data: 2")
            #expect(heard.contains("Content-Type: text/event-stream") && heard.contains("event: hello\ndata: 1\n\n"))
            let deadline = ContinuousClock.now + .seconds(20)
            while feed.count > 0, ContinuousClock.now < deadline { try await Task.sleep(for: .milliseconds(5)) }
            #expect(feed.count == 0)
        }
    }

    @Test("A token is long, from one place, and never shown")
    func settings() throws {
        func settings(_ values: [String: String]) throws -> ServiceConfiguration {
            try ServiceConfiguration(executable: "x", keys: HTTPSettings.keys, values: values)
        }
        for wrong in [
            ["http.token": "short"], ["http.token": "has a space in its middle"], ["http.tokenFile": "/nowhere/token"],
            ["http.token": "0123456789abcdef", "http.tokenFile": "/etc/hostname"],
        ] {
            let error = #expect(throws: ConfigurationError.self) { try HTTPSettings(settings(wrong)) }
            #expect(error.map { !"\($0)".contains("0123456789abcdef") } == true)
        }
        let configuration = try settings(["http.token": "0123456789abcdef"])
        #expect(try HTTPSettings(configuration).token == "0123456789abcdef")
        #expect(!configuration.json.text.contains("0123456789abcdef"))
        #expect(try HTTPSettings(settings([:])).token == nil)
    }
}
