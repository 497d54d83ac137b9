import BusAPI
import BusTesting
import Logging
import ServiceLifecycle
import ServiceRuntime
import Telemetry
import Testing

@testable import ServiceHTTP

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

@Suite("Answering HTTP")
struct HTTPServiceTests {
    private struct Failure: Error {}

    @Test("Health, metrics and a route of the service's own are answered; anything else is not found")
    func routes() async throws {
        let bus = InMemoryBroker().connect("a")
        let context = ServiceContext(
            executable: "model-registry", instance: "registry", bus: bus, topics: TopicSpace(),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, board: StatusBoard(), now: { 1.76e9 },
            stateDirectory: "/tmp", boot: "c41e")
        context.board.count("rejected", by: 3)
        let route = HTTPRoute("/api/models/{model}") { request in
            guard request.parameters["model"] == "activity" else { throw Failure() }
            return .text("version \(request.query["version"] ?? "none")")
        }
        let ports = AsyncStream.makeStream(of: Int.self)
        let service = HTTPService(
            HTTPSettings(host: "127.0.0.1", port: 0), context, routes: [route],
            onListening: { ports.continuation.yield($0) })
        let server = Task { try await service.run() }
        var iterator = ports.stream.makeAsyncIterator()
        let port = try #require(await iterator.next())

        let health = try Self.get("/health", port)
        #expect(health.hasPrefix("HTTP/1.1 200 ") && health.contains("\"instance\":\"registry\""))
        let metrics = try Self.get("/metrics", port, accept: "application/openmetrics-text;version=1.0.0,*/*;q=0.1")
        #expect(metrics.contains("retort_status_total{counter=\"rejected\"} 3\n"))
        #expect(metrics.contains("application/openmetrics-text") && metrics.hasSuffix("# EOF\n"))
        let older = try Self.get("/metrics", port)
        #expect(older.contains("text/plain; version=0.0.4") && !older.contains("# EOF"))
        #expect(try Self.get("/api/models/activity?version=7%2B1", port).hasSuffix("version 7+1"))
        let failed = try Self.get("/api/models/other", port)
        #expect(failed.hasPrefix("HTTP/1.1 500 ") && !failed.contains("Failure"), "an error is not shown to strangers")
        #expect(try Self.get("/nothing", port).hasPrefix("HTTP/1.1 404 "))
        server.cancel()
        _ = await server.result
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

    private static func get(_ path: String, _ port: Int, accept: String? = nil) throws -> String {
        #if canImport(Glibc)
            let type = Int32(SOCK_STREAM.rawValue)
        #else
            let type = SOCK_STREAM
        #endif
        let socket = socket(AF_INET, type, 0)
        defer { _ = close(socket) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        let isConnected = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
        try #require(isConnected)
        let wish = accept.map { "Accept: \($0)\r\n" } ?? ""
        let request = Array("GET \(path) HTTP/1.1\r\nHost: localhost\r\n\(wish)Connection: close\r\n\r\n".utf8)
        try #require(write(socket, request, request.count) == request.count)
        var answer: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while case let count = read(socket, &buffer, buffer.count), count > 0 { answer += buffer.prefix(count) }
        return String(decoding: answer, as: UTF8.self)
    }
}
