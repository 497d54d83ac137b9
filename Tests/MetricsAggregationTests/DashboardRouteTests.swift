import BusAPI
import BusTesting
import DashboardPage
import Foundation
import JSON
import Logging
import ModelArtifact
import ServiceLifecycle
import ServiceRuntime
import Telemetry
import Testing

@testable import MetricsAggregation
@testable import ServiceHTTP

@Suite("What the dashboard answers") struct DashboardRouteTests {
    private static let task = TaskDocument(
        name: "activity", channels: [.init(name: "ax", unit: "m/s²")], rate: 20, window: 100, step: 50,
        classes: [.init(name: "walking"), .init(name: "sitting")], devices: ["home/*"],
        student: .init(profile: "x86-gateway", parameters: 1000, bytes: 16_384))

    private let broker = InMemoryBroker()
    private let folder = NSTemporaryDirectory() + "/retort-dashboard-\(UUID().uuidString)"

    /// Over the aggregator itself, whose records stand in a folder of their own while `body` works.
    private func with(_ values: [String: String] = [:], _ body: (Dashboard) async throws -> Void) async throws {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let context = ServiceContext(
            executable: "metrics-aggregator", instance: "aggregator", bus: broker.connect("aggregator"),
            topics: Fixture.topics, logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }),
            board: StatusBoard(), now: { Fixture.now }, stateDirectory: folder, boot: "b")
        let configuration = try ServiceConfiguration(
            executable: "metrics-aggregator", keys: MetricsAggregationApp.keys + HTTPSettings.keys + Dashboard.keys,
            values: values.merging(["http.token": "0123456789abcdef"]) { $1 })
        let app = try await MetricsAggregationApp(configuration: configuration, context: context)
        let decisions = (0..<4).map {
            Fixture.message(.inference(Fixture.device, model: "activity"), Fixture.inference($0, "walking"))
        }
        #expect(app.live.take(decisions, now: Fixture.now).isEmpty)
        await app.storage.save()
        let dashboard = try Dashboard(configuration: configuration, context: context, app: app)
        let result: Result<Void, any Error>
        do { result = .success(try await body(dashboard)) } catch { result = .failure(error) }
        try FileManager.default.removeItem(atPath: folder)
        try result.get()
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
        try await with { dashboard in
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
    }

    @Test("Where the chart library is not installed the page is told so by an empty one")
    func charts() async throws {
        try await with(["dashboard.charts": "/nowhere"]) { dashboard in
            let answer = try await ask(dashboard, "/charts/dygraph.js")
            #expect(answer.status == 200 && answer.body.count < 100)
            #expect(answer.contentType.hasPrefix("text/javascript"))
        }
    }

    @Test("Questions about the past are answered from the records; what is wrong with one is said")
    func questions() async throws {
        try await with { dashboard in
            func object(_ path: String, _ query: [String: String]) async throws -> JSONValue {
                try JSONValue(parsing: try await ask(dashboard, path, query: query).body)
            }
            let span = ["from": "\(Fixture.now - 3600)", "to": "\(Fixture.now + 60)"]
            let asked = span.merging(["subject": "device/\(Fixture.device)", "model": "activity"]) { $1 }
            let history = try FleetHistory(json: try await object("/api/history", asked))
            #expect(history.subject == .device(Fixture.device) && history.resolution == .minute)
            #expect(history.points.map(\.card.windows).reduce(0, +) == 4)
            let devices = try #require(try await object("/api/devices", span).elements)
            #expect(try devices.map { try DeviceFigures(json: $0).device } == [Fixture.device])
            let versions = try #require(try await object("/api/versions", ["model": "activity"]).elements)
            #expect(try versions.map { try VersionSpan(json: $0).version } == [1])
            #expect(try await object("/api/updates", ["limit": "7"]).elements?.isEmpty == true)
            #expect(try JSONObjectReader(try await object("/api/summary", [:])).integer("windows") == 4)
            let wrong: [(String, [String: String])] = [
                ("/api/history", ["seconds": "61"]), ("/api/history", ["seconds": "60.5"]),
                ("/api/history", ["from": "x"]), ("/api/history", ["from": "9", "to": "8"]),
                ("/api/history", ["from": "0", "to": "1e9"]), ("/api/history", ["subject": "device/x"]),
                ("/api/updates", ["limit": "0"]), ("/api/updates", ["limit": "1001"]), ("/api/versions", [:]),
            ]
            for (path, query) in wrong {
                let answer = try await ask(dashboard, path, query: query)
                #expect(answer.status == 400 && answer.body.count > 10, "\(path) \(query)")
            }
        }
    }

    @Test("A label is published as its task knows it; what no task knows is refused and changes nothing")
    func labels() async throws {
        try await with { dashboard in
            let world = broker.connect("world")
            try await world.publish(
                BusMessage(
                    topic: Fixture.topics.string(.task(model: "activity")), payload: Self.task.json.bytes,
                    retained: true))
            let service = Task { try await dashboard.service.run() }
            defer { service.cancel() }
            try await label(dashboard)
        }
    }

    private func label(_ dashboard: Dashboard) async throws {
        let body = #"{"device":"home/wrist-1","from":1760000000,"to":1760000010,"label":"walking"}"#
        var answer = try await ask(dashboard, "/api/labels", body: body)
        // Until the task has been heard.
        for _ in 0..<2000 where answer.status != 200 {
            try await Task.sleep(for: .milliseconds(5))
            answer = try await ask(dashboard, "/api/labels", body: body)
        }
        #expect(answer.status == 200)
        let published = try broker.published(matching: "retort/v1/label/#").map {
            try LabelMessage(payload: $0.payload)
        }
        #expect(published.map(\.content) == [.label("walking")])
        let id = try #require(published.first?.id)
        let withdrawal = #"{"device":"home/wrist-1","from":1760000000,"to":1760000010,"label":null,"id":"\#(id)"}"#
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
