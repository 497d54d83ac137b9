import BusAPI
import BusTesting
import DashboardPage
import JSON
import Logging
import ModelArtifact
import ServiceLifecycle
import ServiceRuntime
import Synchronization
import Telemetry
import Testing

@testable import MetricsAggregation
@testable import ServiceHTTP

@Suite("What the dashboard answers") struct DashboardRouteTests {
    /// What was asked of the records.
    private final class Queries: DashboardQueries {
        let asked = Mutex<[String]>([])
        func summaryDocument() -> JSONValue { .object(["windows": .integer(4)]) }
        func historyDocument(
            subject: String, model: String?, seconds: Int, from: Double, to: Double
        ) async throws -> JSONValue {
            asked.withLock { $0.append("\(subject) \(model ?? "all") \(seconds) \(to - from)") }
            return .object([:])
        }
        func receiptsDocument(model: String?, limit: Int) async throws -> JSONValue {
            asked.withLock { $0.append("\(model ?? "all") \(limit)") }
            return .array([])
        }
        func versionsDocument(model: String) async throws -> JSONValue { .array([]) }
        func devicesDocument(seconds: Int, from: Double, to: Double) async throws -> JSONValue { .array([]) }
    }

    private static let task = TaskDocument(
        name: "activity", channels: [.init(name: "ax", unit: "m/s²")], rate: 20, window: 100, step: 50,
        classes: [.init(name: "walking"), .init(name: "sitting")], devices: ["home/*"],
        student: .init(profile: "x86-gateway", parameters: 1000, bytes: 16_384))

    private let queries = Queries()
    private let broker = InMemoryBroker()

    private func dashboard(_ values: [String: String] = [:]) throws -> Dashboard {
        let context = ServiceContext(
            executable: "metrics-aggregator", instance: "aggregator", bus: broker.connect("aggregator"),
            topics: Fixture.topics, logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }),
            board: StatusBoard(), now: { Fixture.now }, stateDirectory: "/tmp", boot: "b")
        let settings = try DashboardSettings(
            ServiceConfiguration(executable: "metrics-aggregator", keys: DashboardSettings.keys, values: values))
        return Dashboard(
            settings: settings, http: HTTPSettings(host: "127.0.0.1", port: 1, token: "0123456789abcdef"),
            context: context, queries: queries)
    }

    private func ask(
        _ dashboard: Dashboard, _ path: String, parameters: [String: String] = [:], query: [String: String] = [:],
        body: String = ""
    ) async throws -> HTTPRoute.Answer {
        let route = try #require(dashboard.routes.first { $0.path == path }, "\(path)")
        let request = HTTPRoute.Request(parameters: parameters, query: query, body: Array(body.utf8))
        switch route.handler {
        case .answer(let respond), .action(let respond): return try await respond(request)
        case .events: throw DashboardError("\(path) is a stream")
        }
    }

    @Test("Every file that the page loads is built in, and none names another place")
    func files() async throws {
        let dashboard = try dashboard()
        for (name, body) in DashboardPage.files {
            let answer = try await ask(dashboard, "/assets/{name}", parameters: ["name": name])
            #expect(answer.body == body && !body.isEmpty && answer.entityTag != nil, "\(name)")
            let text = String(decoding: body, as: UTF8.self)
            for line in text.split(separator: "\n") where line.hasPrefix("import ") {
                let file = try #require(line.split(separator: "'").dropFirst().first).dropFirst(2)
                #expect(DashboardPage.files[String(file)] != nil, "\(name) imports \(file)")
            }
            #expect(!text.contains("https://"), "\(name)")
            #expect(!text.contains("innerHTML") && !text.contains("eval("), "\(name): text is never read as HTML")
        }
        for name in ["../Package.swift", "..", "", "nothing.js", "/etc/passwd"] {
            #expect(try await ask(dashboard, "/assets/{name}", parameters: ["name": name]) == .notFound, "\(name)")
        }
        #expect(try await ask(dashboard, "/").contentType.hasPrefix("text/html"))
    }

    @Test("Where the chart library is not installed the page is told so by an empty one")
    func charts() async throws {
        let answer = try await ask(try dashboard(["dashboard.charts": "/nowhere"]), "/charts/dygraph.js")
        #expect(answer.status == 200 && answer.body.count < 100)
        #expect(answer.contentType.hasPrefix("text/javascript"))
    }

    @Test("Questions about the past are read strictly, and what is wrong with them is said")
    func questions() async throws {
        let dashboard = try dashboard()
        _ = try await ask(
            dashboard, "/api/history",
            query: ["subject": "site/home", "model": "activity", "seconds": "3600", "from": "1000", "to": "8200"])
        _ = try await ask(dashboard, "/api/history")
        _ = try await ask(dashboard, "/api/receipts", query: ["limit": "7"])
        #expect(
            queries.asked.withLock { $0 } == ["site/home activity 3600 7200.0", "fleet all 60 86400.0", "all 7"])
        let wrong: [(String, [String: String])] = [
            ("/api/history", ["seconds": "61"]), ("/api/history", ["from": "x"]),
            ("/api/history", ["from": "9", "to": "8"]), ("/api/history", ["from": "0", "to": "1e9"]),
            ("/api/receipts", ["limit": "0"]), ("/api/receipts", ["limit": "1001"]), ("/api/versions", [:]),
        ]
        for (path, query) in wrong {
            let answer = try await ask(dashboard, path, query: query)
            #expect(answer.status == 400 && answer.body.count > 10, "\(path) \(query)")
        }
    }

    @Test("A label is published as its task knows it; what no task knows is refused and changes nothing")
    func labels() async throws {
        let dashboard = try dashboard()
        let world = broker.connect("world")
        try await world.publish(
            BusMessage(
                topic: Fixture.topics.string(.task(model: "activity")), payload: Self.task.json.bytes, retained: true))
        let service = Task { try await dashboard.service.run() }
        defer { service.cancel() }
        let body = #"{"device":"home/wrist-1","from":1760000000,"to":1760000010,"label":"walking"}"#
        var answer = try await ask(dashboard, "/api/labels", body: body)
        // Until the task has been heard.
        for _ in 0..<500 where answer.status != 200 {
            try await Task.sleep(for: .milliseconds(10))
            answer = try await ask(dashboard, "/api/labels", body: body)
        }
        #expect(answer.status == 200)
        let published = try broker.published(matching: "retort/v1/label/#").map {
            try LabelMessage(payload: $0.payload)
        }
        #expect(published.map(\.content) == [.label("walking")])
        let id = try #require(published.first?.id)
        let withdrawal =
            #"{"device":"home/wrist-1","from":1760000000,"to":1760000010,"label":null,"id":"\#(id)"}"#
        #expect(try await ask(dashboard, "/api/labels", body: withdrawal).status == 200)
        let refused = [
            "", "[]", "{}", body.replacing("walking", with: "flying"), body.replacing("1760000010", with: "1"),
            body.replacing("home/wrist-1", with: "home/../x"),
            body.replacing("\"label\":\"walking\"", with: "\"value\":3"),
        ]
        for wrong in refused {
            let answer = try await ask(dashboard, "/api/labels", body: wrong)
            #expect([400, 422].contains(answer.status) && answer.body.count > 5, "\(wrong)")
        }
        #expect(try await ask(dashboard, "/api/jobs", body: #"{"model":"nothing"}"#).status == 422)
        #expect(try await ask(dashboard, "/api/jobs", body: #"{"model":"activity"}"#).status == 200)
        #expect(broker.published(matching: "retort/v1/label/#").count == 2)
        #expect(broker.published(matching: "retort/v1/job/request").count == 1)
    }
}
