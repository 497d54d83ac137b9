import BusAPI
import BusTesting
import JSON
import Logging
import ServiceLifecycle
import ServiceRuntime
import Telemetry
import Testing

@testable import MetricsAggregation

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

@Suite(.timeLimit(.minutes(1))) struct MetricsAggregationAppTests {
    /// A state folder that goes with the test.
    private final class Folder: Sendable {
        let path: String
        init() throws {
            var template = Array("/tmp/retort-aggregator-XXXXXX".utf8CString)
            path = try #require(mkdtemp(&template)).withMemoryRebound(to: CChar.self, capacity: 1) {
                String(cString: $0)
            }
        }
        deinit {
            for suffix in ["", "-wal", "-shm"] { unlink(path + "/metrics.sqlite" + suffix) }
            rmdir(path)
        }
    }

    private func context(_ bus: any MessageBus, _ folder: Folder) -> ServiceContext {
        ServiceContext(
            executable: "metrics-aggregator", instance: "aggregator", bus: bus, topics: Fixture.topics,
            logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }), board: StatusBoard(),
            now: { Fixture.now }, stateDirectory: folder.path, boot: "b")
    }

    private func app(
        _ bus: any MessageBus, _ folder: Folder, _ values: [String: String] = [:]
    ) async throws -> MetricsAggregationApp {
        var settings = ["aggregator.publishSeconds": "0.01", "aggregator.storeSeconds": "0.01"]
        settings.merge(values) { $1 }
        return try await MetricsAggregationApp(
            configuration: ServiceConfiguration(
                executable: "metrics-aggregator", keys: MetricsAggregationApp.keys, values: settings),
            context: context(bus, folder))
    }

    /// Runs the services until `body` returns, then stops them in order.
    private func running(
        _ app: MetricsAggregationApp, _ body: @escaping @Sendable () async throws -> Void
    ) async throws {
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: app.services, logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })))
        try await withThrowingTaskGroup { tasks in
            tasks.addTask { try await group.run() }
            do { try await body() } catch {
                await group.triggerGracefulShutdown()
                throw error
            }
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
        }
    }

    /// Waits until the payload on a topic satisfies a condition.
    private func wait(
        _ bus: InMemoryBus, _ topic: Topic, until holds: @escaping @Sendable (BusMessage) throws -> Bool
    ) async throws {
        let subscription = try await bus.subscribe(
            to: [BusFilter(Fixture.topics.string(topic))], limit: 1000, overflow: .dropOldest)
        defer { subscription.cancel() }
        for await batch in subscription {
            for message in batch where try holds(message) { return }
        }
        Issue.record("the bus closed before \(topic) said what was expected")
    }

    /// Follows what is said of the fixture's device; made before the aggregator starts, it misses nothing.
    private func deviceNews(_ bus: InMemoryBus) async throws -> BusSubscription {
        try await bus.publish(
            BusMessage(
                topic: Fixture.topics.string(.deviceAvailability(Fixture.device)), payload: Array("online".utf8),
                retained: true))
        return try await bus.subscribe(
            to: [BusFilter(Fixture.topics.string(.fleetDevice(Fixture.device)))], limit: 1000,
            overflow: .dropOldest)
    }

    /// Returns when the aggregator has read what was retained, so that it hears everything said from then on.
    private func waitUntilListening(_ news: BusSubscription) async throws {
        for await batch in news {
            for message in batch where !message.retained {
                if try FleetDevice(payload: message.payload).state == .online { return }
            }
        }
    }

    private func publishDecisions(_ bus: InMemoryBus, _ range: Range<Int>) async throws {
        for index in range {
            try await bus.publish(
                Fixture.message(
                    .inference(Fixture.device, model: "activity"), Fixture.inference(index, "walking")))
        }
    }

    @Test("Decisions and truths on the bus become a retained score, which survives broker and process")
    func endToEnd() async throws {
        let broker = InMemoryBroker()
        let folder = try Folder()
        let publisher = broker.connect("publisher")
        let topic = Topic.accuracy(model: "activity", version: 1)
        let firstNews = try await deviceNews(publisher)
        try await running(try await app(broker.connect("aggregator-1"), folder)) {
            try await waitUntilListening(firstNews)
            try await publisher.publish(
                BusMessage(
                    topic: Fixture.topics.string(.truth(Fixture.device)),
                    payload: Fixture.interval("a", 0, 29, "walking").payload))
            try await publishDecisions(publisher, 0..<20)
            try await publishDecisions(publisher, 0..<20)
            try await wait(publisher, topic) { try AccuracyMessage(payload: $0.payload).decisions == 20 }
            // A broker that comes back empty-handed is told everything again.
            let before = broker.published(matching: Fixture.topics.string(topic)).count
            broker.stop()
            broker.start()
            try await wait(publisher, topic) { _ in
                broker.published(matching: Fixture.topics.string(topic)).count > before
            }
        }
        let secondNews = try await deviceNews(publisher)
        try await running(try await app(broker.connect("aggregator-2"), folder)) {
            try await waitUntilListening(secondNews)
            try await publishDecisions(publisher, 10..<30)
            try await wait(publisher, topic) { try AccuracyMessage(payload: $0.payload).decisions == 30 }
        }
        let last = try AccuracyMessage(
            payload: try #require(broker.retained[Fixture.topics.string(topic)]).payload)
        #expect(last.decisions == 30)
        #expect(last.scored == 30)
    }

    @Test("What cannot be counted is said on reject/, and the process goes on")
    func rejects() async throws {
        let broker = InMemoryBroker()
        let publisher = broker.connect("publisher")
        let app = try await app(broker.connect("aggregator"), try Folder())
        try await running(app) {
            try await wait(publisher, .fleetSummary) { _ in true }
            let rejects = try await publisher.subscribe(
                to: [BusFilter(Fixture.topics.string(.reject(executable: "metrics-aggregator")))], limit: 10,
                overflow: .dropOldest)
            // The aggregator subscribes on its own time; what it misses is not its to refuse.
            var refused: RejectMessage?
            while refused == nil {
                try await publisher.publish(
                    BusMessage(
                        topic: Fixture.topics.string(.inference(Fixture.device, model: "activity")), text: "{\"t\":"))
                await Task.yield()
                if rejects.depth > 0, let message = await rejects.next()?.first {
                    refused = try RejectMessage(payload: message.payload)
                }
            }
            #expect(refused?.code == "malformed")
            try await publishDecisions(publisher, 0..<5)
            try await wait(publisher, .accuracy(model: "activity", version: 1)) {
                try AccuracyMessage(payload: $0.payload).decisions == 5
            }
        }
    }

    @Test("It stops at once while there is no broker")
    func noBroker() async throws {
        let broker = InMemoryBroker()
        broker.stop()
        let app = try await app(broker.connect("aggregator"), try Folder())
        try await running(app) { await Task.yield() }
    }

    @Test(
        "A value out of bounds is refused by the name of its key",
        arguments: [
            ("aggregator.records", "3"), ("aggregator.records", "many"), ("aggregator.publishSeconds", "0"),
            ("aggregator.storeSeconds", "nan"), ("aggregator.queue", "0"), ("aggregator.recordSeconds", "-1"),
            ("aggregator.intervals", "1"),
        ])
    func configuration(_ key: String, _ value: String) throws {
        let configuration = try ServiceConfiguration(
            executable: "metrics-aggregator", keys: MetricsAggregationApp.keys, values: [key: value])
        let error = #expect(throws: ConfigurationError.self) { _ = try AggregatorSettings(configuration) }
        #expect(error?.key == key)
    }

    @Test("The document for programs agrees with the bus")
    func documents() async throws {
        let broker = InMemoryBroker()
        let app = try await app(broker.connect("aggregator"), try Folder())
        let decisions = (0..<4).map {
            Fixture.message(.inference(Fixture.device, model: "activity"), Fixture.inference($0, "walking"))
        }
        #expect(app.live.take(decisions, now: Fixture.now).isEmpty)
        let document = try JSONObjectReader(app.summaryDocument())
        #expect(try document.integer("windows") == 4)
        #expect(try document.object("accuracy").object("activity/1").integer("decisions") == 4)
        #expect(app.summary().windows == 4)
    }

    @Test("Ten thousand decisions of fifty devices are all counted, and the speed is said")
    func speed() async throws {
        let app = try await app(InMemoryBroker().connect("aggregator"), try Folder())
        let devices = (0..<50).map { DeviceID(site: "home", device: "d-\($0)") }
        var messages: [BusMessage] = []
        for device in devices {
            messages.append(Fixture.message(.truth(device), Fixture.interval("a", 0, 399, "walking")))
            for index in 0..<200 {
                messages.append(
                    Fixture.message(
                        .inference(device, model: "activity"),
                        Fixture.inference(index, index % 3 == 0 ? "sitting" : "walking", device: device)))
            }
        }
        let clock = ContinuousClock()
        let spent = clock.measure { #expect(app.live.take(messages, now: Fixture.now).isEmpty) }
        #expect(app.summary().windows == 10_000)
        print(
            "aggregation: \(Int(10_000 / (Double(spent.components.attoseconds) / 1e18 + Double(spent.components.seconds)))) decisions/s"
        )
    }
}
