import BusAPI
import BusTesting
import JSON
import Logging
import ModelArtifact
import ServiceLifecycle
import ServiceRuntime
import Telemetry
import Testing

@testable import SensorSimulation

@Suite("The simulator on a bus", .timeLimit(.minutes(1)))
struct SimulatorServiceTests {
    let folder: TemporaryFolder
    let broker = InMemoryBroker()
    let topics = TopicSpace()

    init() throws { folder = try TemporaryFolder() }

    private func configuration(_ values: [String: String]) throws -> ServiceConfiguration {
        try ServiceConfiguration(executable: "sensor-simulator", keys: SensorSimulationApp.keys, values: values)
    }

    private func context(_ name: String = "simulator") -> ServiceContext {
        ServiceContext(
            executable: "sensor-simulator", instance: name, bus: broker.connect(name), topics: topics,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, board: StatusBoard(),
            now: { 1_760_000_000 }, stateDirectory: folder.path, boot: "b")
    }

    /// Runs the app, hands over what it publishes until `body` has seen enough, and stops it gracefully.
    private func run(
        _ values: [String: String], _ context: ServiceContext, until isEnough: (BusMessage) -> Bool
    ) async throws -> [BusMessage] {
        let observer = broker.connect("observer-\(context.instance)")
        let subscription = try await observer.subscribe(
            to: [BusFilter(topics.root + "/#")], limit: 100_000, overflow: .dropNewest)
        let app = try await SensorSimulationApp(configuration: configuration(values), context: context)
        let group = ServiceGroup(
            configuration: .init(services: app.services, logger: context.logger))
        async let running: Void = group.run()
        var seen: [BusMessage] = []
        watching: for await batch in subscription {
            for message in batch {
                seen.append(message)
                if isEnough(message) { break watching }
            }
        }
        await group.triggerGracefulShutdown()
        try await running
        await observer.close()
        // What was sent while it drained is still held by the broker's log.
        return broker.published(matching: topics.root + "/#").isEmpty
            ? seen : broker.published(matching: topics.root + "/#")
    }

    @Test(
        "Recordings become devices of both sites, with labels or truth, and an edge's windows fit the labels",
        .timeLimit(.minutes(1)))
    func recordings() async throws {
        for name in ["train-1", "train-2", "test-8", "test-9"] {
            try folder.write("\(name).csv", recording(["walking", "jogging"], seconds: 30))
        }
        let context = context()
        let values = [
            "simulator.data": folder.path, "simulator.speed": "200", "simulator.patience": "0",
        ]
        let done = topics.string(.truth(DeviceID(site: "south", device: "test-9")))
        var truths = 0
        let messages = try await run(values, context) { message in
            if message.topic == done { truths += 1 }
            return truths == 3
        }
        #expect(context.board.details["passes"]?.integer ?? 0 >= 1)
        #expect(context.board.details["devices"] == .integer(4))
        // Whoever waits for a pass is told at once.
        for await _ in context.board.urgent { break }
        var cutters: [DeviceID: WindowCutter] = [:]
        var windows: [DeviceID: [SampleWindow]] = [:]
        var labels: [DeviceID: [LabelMessage]] = [:]
        for message in messages {
            switch topics.parse(message.topic) {
            case .telemetry(let id)?:
                #expect(message.qos == .atMostOnce && !message.retained)
                var cutter =
                    cutters[id]
                    ?? WindowCutter(grid: WindowGrid(channels: ["ax", "ay"], rate: 20, window: 100, step: 50))
                windows[id, default: []] += try cutter.append(
                    TelemetryMessage(payload: message.payload).batch(arrival: 0))
                cutters[id] = cutter
            case .label(let id)?:
                #expect(id.device.hasPrefix("train-"))
                labels[id, default: []].append(try LabelMessage(payload: message.payload))
            case .truth(let id)?:
                #expect(id.device.hasPrefix("test-"))
                labels[id, default: []].append(try LabelMessage(payload: message.payload))
            default: Issue.record("unexpected \(message.topic)")
            }
        }
        #expect(
            Set(windows.keys.map(\.description)) == [
                "north/train-1", "south/train-2", "north/test-8", "south/test-9",
            ])
        for (id, cut) in windows {
            #expect(cutters[id]?.statistics.refused == 0 && cutters[id]?.statistics.missingSamples == 0)
            let first = try #require(labels[id]?.first)
            #expect(first.content == .label("walking"))
            #expect(cut.count { first.covers(from: $0.from, to: $0.to) } == 11)
        }
    }

    @Test("Nothing is sent until an edge of every site is there")
    func patience() async throws {
        try folder.write("train-1.csv", recording(["walking"], seconds: 30))
        let context = context()
        let edge = broker.connect("edge")
        let installed = InstalledMessage(t: 1_760_000_000, state: .waiting)
        let values = ["simulator.data": folder.path, "simulator.speed": "100", "simulator.patience": "30"]
        var installedSeen = 0
        try await edge.publish(
            BusMessage(
                topic: topics.string(.installed(model: "m", EdgeID(site: "north", edge: "gw-north"))),
                payload: installed.payload, retained: true))
        let (broker, topics) = (broker, topics)
        async let later: Void = {
            // The simulator looks for edges; the second comes once it does.
            while broker.published(matching: "started").isEmpty { await Task.yield() }
            try await edge.publish(
                BusMessage(
                    topic: topics.string(.installed(model: "m", EdgeID(site: "south", edge: "gw-south"))),
                    payload: installed.payload, retained: true))
        }()
        try await edge.publish(BusMessage(topic: "started", text: "x"))
        let messages = try await run(values, context) { message in
            if message.topic.contains("/installed/") { installedSeen += 1 }
            return message.topic.contains("/telemetry/")
        }
        try await later
        let order = messages.map(\.topic)
        let south = order.firstIndex { $0.hasSuffix("gw-south") } ?? .max
        let telemetry = order.firstIndex { $0.contains("/telemetry/") } ?? -1
        #expect(south < telemetry)
    }

    @Test("The default fleet: every scene at both sites, test devices on truth alone")
    func scenes() async throws {
        let context = context()
        let messages = try await run(["simulator.speed": "300", "simulator.patience": "0"], context) {
            $0.topic.contains("/truth/")
        }
        let telemetry = Set(messages.map(\.topic).filter { $0.contains("/telemetry/") })
        #expect(telemetry.count == 20)
        for site in ["north", "south"] {
            for part in ["motor-", "motor-test-", "wrist-", "wrist-test-"] {
                #expect(telemetry.contains { $0.contains("/\(site)/\(part)") })
            }
        }
        #expect(messages.allSatisfy { !$0.topic.contains("/label/") || !$0.topic.contains("-test-") })
        #expect(messages.allSatisfy { !$0.topic.contains("/truth/") || $0.topic.contains("-test-") })
    }

    @Test(
        "Settings that cannot be used are refused with their key",
        arguments: [
            ("simulator.speed", "0"), ("simulator.speed", "fast"), ("simulator.speed", "1001"),
            ("simulator.sites", ""), ("simulator.sites", "North"), ("simulator.sites", "a,a"),
            ("simulator.scenes", "volcano"), ("simulator.devices", "wrist"), ("simulator.devices", "wrist=x"),
            ("simulator.devices", "wrist=0+0"), ("simulator.devices", "wrist=8"), ("simulator.devices", "wrist=1+2+3"),
            ("simulator.faults", "gremlins"), ("simulator.drift", "-1"), ("simulator.batchSeconds", "0"),
            ("simulator.people", "0"), ("simulator.seed", "x"), ("simulator.patience", "-1"),
        ])
    func settings(key: String, value: String) throws {
        let error = #expect(throws: ConfigurationError.self) { _ = try SimulationSettings(configuration([key: value])) }
        #expect(error?.key == key)
    }

    @Test("A folder that cannot be played stops the simulator before anything is sent")
    func badFolder() async throws {
        await #expect(throws: (any Error).self) {
            _ = try await SensorSimulationApp(
                configuration: configuration(["simulator.data": folder.path]), context: context())
        }
        try folder.write("train-1.csv", "time,ax\n0,1\n")
        await #expect(throws: (any Error).self) {
            _ = try await SensorSimulationApp(
                configuration: configuration(["simulator.data": folder.path]), context: context())
        }
        #expect(broker.published(matching: "#").isEmpty)
    }

    @Test("The defaults are read, and recordings play at the clock's speed without faults")
    func defaults() throws {
        let scenes = try SimulationSettings(configuration([:]))
        #expect(scenes.speed == 10 && scenes.faults.perMinute.keys.contains(.gaps) && scenes.devices.count == 20)
        try folder.write("train-1.csv", recording(["walking"], seconds: 1))
        let recordings = try SimulationSettings(configuration(["simulator.data": folder.path]))
        #expect(recordings.speed == 1 && recordings.faults.perMinute.isEmpty && recordings.devices.count == 1)
    }
}
