import BusAPI
import BusTesting
import Foundation
import JSON
import Logging
import ServiceLifecycle
import SystemPackage
import Telemetry
import Testing

@testable import ServiceRuntime

@Suite("Running a service")
final class ServiceRunnerTests: Sendable {
    private struct Failure: Error {}

    /// A service that counts, says so, and waits for the end.
    private struct Counting: Service {
        let context: ServiceContext
        var failure: Failure?

        func run() async throws {
            context.board.count("late", by: 2)
            context.board.set("profile", .string("rpi5@2"))
            if let failure { throw failure }
            await cancelWhenGracefulShutdown {
                for await _ in AsyncStream<Never>.makeStream().stream {}
            }
            context.board.count("late", by: 5)
        }
    }

    private let broker = InMemoryBroker()
    private let folder = FilePath(NSTemporaryDirectory()).appending("retort-state-\(UUID().uuidString)")

    deinit { try? FileManager.default.removeItem(atPath: folder.string) }

    private func run(_ build: @escaping ServiceRunner.Build) async throws {
        let configuration = try ServiceConfiguration.load(
            executable: "edge-inferencer", keys: [], file: nil,
            flags: ["service.instance=gw-1", "service.state=\(folder)"], environment: [:])
        let identity = try ServiceIdentity(configuration, now: 1_760_000_000)
        try await ServiceRunner.run(
            configuration, identity, state: StateDirectory(folder), metrics: OpenMetricsFactory(),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, signals: nil,
            connect: { options, _ in broker.connect(options) }, build: build)
    }

    private let statusTopic = "retort/v1/status/edge-inferencer/gw-1"
    private let availabilityTopic = "retort/v1/availability/service/edge-inferencer/gw-1"

    @Test("A service is online, has a status, and leaves with its last counts and offline")
    func wholeLife() async throws {
        let watcher = broker.connect("watcher")
        let all = try await watcher.subscribe(to: [BusFilter("#")], limit: 100, overflow: .dropOldest)
        let running = Task {
            try await run { context, _ in
                #expect(context.instance == "gw-1" && context.stateDirectory == self.folder.string)
                return [Counting(context: context)]
            }
        }
        var seen: [BusMessage] = []
        while !seen.contains(where: { $0.topic == statusTopic }), let batch = await all.next() { seen += batch }
        #expect(seen.first?.topic == availabilityTopic && seen.first?.payload == Array("online".utf8))
        running.cancel()
        try await running.value

        let status = try StatusMessage(payload: try #require(broker.retained[statusTopic]).payload)
        #expect(status.version == ServiceIdentity.version && status.started == 1_760_000_000)
        #expect(status.counters["late"] == 7 && status.counters["rejected"] == 0 && status.counters["dropped"] == 0)
        #expect(status.details["profile"] == .string("rpi5@2"))
        let availability = broker.published(matching: availabilityTopic).map {
            String(decoding: $0.payload, as: UTF8.self)
        }
        #expect(availability == ["online", "offline"], "no last will after a goodbye")
        #expect(broker.retained[availabilityTopic]?.payload == Array("offline".utf8))
        #expect(Heartbeat.complaint(stateDirectory: folder, now: WallClock.now()) == "it has stopped")
    }

    @Test("What a service throws ends the process with that error, after offline")
    func failing() async {
        await #expect(throws: Failure.self) {
            try await run { context, _ in [Counting(context: context, failure: Failure())] }
        }
        #expect(broker.retained[availabilityTopic]?.payload == Array("offline".utf8))
    }

    @Test("What building throws ends the process with that error, after offline")
    func failingToBuild() async {
        await #expect(throws: Failure.self) { try await run { _, _ in throw Failure() } }
        #expect(broker.retained[availabilityTopic]?.payload == Array("offline".utf8))
    }

    @Test("The status comes again after the broker was away")
    func reconnecting() async throws {
        let running = Task { try await run { context, _ in [Counting(context: context)] } }
        let watcher = broker.connect("watcher")
        let all = try await watcher.subscribe(to: [BusFilter(statusTopic)], limit: 100, overflow: .dropOldest)
        _ = await all.next()
        broker.stop()
        let before = broker.published(matching: statusTopic).count
        broker.start()
        while broker.published(matching: statusTopic).count == before, await all.next() != nil {}
        #expect(broker.published(matching: statusTopic).count > before)
        running.cancel()
        try await running.value
    }

    @Test("A status that somebody waits for comes at once", .timeLimit(.minutes(1)))
    func urgentStatus() async throws {
        let watcher = broker.connect("watcher")
        let all = try await watcher.subscribe(to: [BusFilter(statusTopic)], limit: 100, overflow: .dropOldest)
        let context = ServiceContext(
            executable: "edge-inferencer", instance: "gw-1", bus: broker.connect("gw-1"), topics: TopicSpace(),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, board: StatusBoard(),
            now: { 1_760_000_000 }, stateDirectory: folder.string, boot: "b")
        let configuration = try ServiceConfiguration.load(
            executable: "edge-inferencer", keys: [], file: nil, flags: ["service.instance=gw-1"], environment: [:])
        let identity = try ServiceIdentity(configuration, now: 1_760_000_000)
        let publisher = StatusPublisher(context, identity, interval: .seconds(3600))
        let running = Task { await publisher.run() }
        _ = await all.next()
        let full = try await context.bus.subscribe(to: [BusFilter("flood")], limit: 1, overflow: .dropOldest)
        for _ in 0..<4 { try await watcher.publish(BusMessage(topic: "flood", text: "x")) }
        context.board.count("dropped", by: 2)
        context.board.set("passes", .integer(1))
        context.board.publishSoon()
        let status = try StatusMessage(payload: try #require(await all.next()?.last).payload)
        #expect(status.details["passes"] == .integer(1))
        #expect(status.counters["dropped"] == 5, "two of the service, three of the subscription")
        full.cancel()
        running.cancel()
        await running.value
    }

    @Test("A state directory belongs to one process at a time")
    func stateDirectory() throws {
        let first = try StateDirectory(folder)
        #expect(throws: ConfigurationError.self) { try StateDirectory(folder) }
        withExtendedLifetime(first) {}
        #expect(throws: ConfigurationError.self) { try StateDirectory("/proc/nothing/here") }
    }

    @Test("A heartbeat counts for fifteen seconds")
    func heartbeat() throws {
        let held = try StateDirectory(folder)
        #expect(Heartbeat.complaint(stateDirectory: folder, now: 1000)?.contains("not started") == true)
        try Heartbeat(stateDirectory: folder, now: { 1000 }).beat()
        #expect(Heartbeat.complaint(stateDirectory: folder, now: 1015) == nil)
        #expect(Heartbeat.complaint(stateDirectory: folder, now: 1016)?.contains("16 s") == true)
        try StateDirectory.replace(folder.appending("heartbeat"), with: Array("{".utf8))
        #expect(Heartbeat.complaint(stateDirectory: folder, now: 1000) != nil)
        withExtendedLifetime(held) {}
    }
}
