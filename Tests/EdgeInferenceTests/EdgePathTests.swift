import BusAPI
import BusTesting
import JSON
import ModelArtifact
import ServiceRuntime
import Telemetry
import Testing

@testable import EdgeInference

@Suite("An edge on a bus", .serialized) struct EdgePathTests {
    private func ids(_ device: String, _ halves: Range<Int>) -> [String] {
        halves.map { WindowID(device: device, start: TestClock.start + Double($0) / 2).description }
    }

    @Test("Windows go up until a student runs; then inferences come, and evaluation windows ask for verdicts")
    func fromBootstrapToInference() async throws {
        let fixture = try EdgeFixture()
        try fixture.provisionRoot()
        try await fixture.run { edge in
            try await fixture.waitForTask(edge)
            try await fixture.telemetry("train-1", second: 0, level: 1, count: 3)
            try await fixture.telemetry("test-1", second: 0, level: 1, count: 3)
            try await fixture.wait("bootstrap uploads") { try fixture.windows.count == 5 }
            #expect(try fixture.windows.map(\.window) == ids("train-1", 0..<5))
            #expect(try fixture.windows.allSatisfy { $0.reason == .bootstrap && $0.want == .training && !$0.resent })
            #expect(try fixture.windows.first?.values == (0..<10).flatMap { _ in [Float(1), 0] })
            #expect(try fixture.installed()?.state == .waiting)

            try await fixture.install(try TinyStudent.student(), version: 1)
            #expect(edge.board.details["models"]?.object?["level"]?.integer == 1)
            try await fixture.telemetry("train-1", second: 3, level: -1, count: 2)
            try await fixture.telemetry("test-1", second: 3, level: 1, count: 2)
            try await fixture.wait("inferences") { try fixture.inferences.count == 8 }
            let decided = try fixture.inferences.filter { $0.window.hasPrefix("train-1") }
            #expect(decided.map(\.window) == ids("train-1", 5..<9))
            #expect(decided.allSatisfy { $0.version == 1 && $0.revision == 0 && $0.decidedBy == .edge })
            guard case .label(let label, let superclass, let confidence) = try #require(decided.last).decision else {
                Issue.record("no label")
                return
            }
            #expect(label == "low" && superclass == "any")
            #expect(abs(confidence - 0.982) < 0.001)
            // Half one level, half the other: as uncertain as can be.
            let asked = try fixture.windows.dropFirst(5)
            try await fixture.wait("uploads after install") { try fixture.windows.count == 10 }
            let sent = fixture.broker.published(matching: "retort/v1/window/#")
                .reduce(0) { $0 + $1.topic.utf8.count + $1.payload.count }
            try await fixture.wait("their bytes are counted") {
                edge.board.counters[StatusMessage.uploadedBytes] == sent
            }
            #expect(asked.filter { $0.window.hasPrefix("test-1") }.allSatisfy { $0.reason == .sample })
            let topic = fixture.topics.string(.state(DeviceID(site: "north", device: "train-1"), model: "level"))
            try await fixture.wait("a state") { fixture.broker.retained[topic] != nil }
            let state = try StateMessage(payload: try #require(fixture.broker.retained[topic]).payload)
            #expect(state.label == "low" && state.version == 1)
            // What drift is seen by: how many of its windows the student was unsure of.
            try await fixture.wait("the gate's counts") {
                edge.board.details["gates"]?.object?["level"]?.object?["windows"]?.integer == 8
            }
            let gate = try #require(edge.board.details["gates"]?.object?["level"]?.object)
            #expect(gate["version"]?.integer == 1 && gate["uncertain"]?.integer ?? 0 > 0)
            #expect(edge.board.details["spool"]?.object?["limit"]?.integer ?? 0 > 0)
        }
        let installed = try #require(try fixture.installed())
        #expect(installed.state == .running && installed.method == "full" && installed.bytes ?? 0 > 0)
    }

    @Test("An update arrives as a delta between two windows and loses none")
    func delta() async throws {
        let fixture = try EdgeFixture()
        try fixture.provisionRoot()
        try await fixture.run { edge in
            try await fixture.waitForTask(edge)
            let first = try await fixture.install(try TinyStudent.student(), version: 1)
            try await fixture.telemetry("train-1", second: 0, level: 1, count: 2)
            try await fixture.wait("inferences before") { try fixture.inferences.count == 3 }
            let second = try TinyStudent.student(weight: 12, base: ContentDigest(of: first).hex)
            try await fixture.install(second, version: 2, base: first)
            try await fixture.telemetry("train-1", second: 2, level: 1, count: 2)
            try await fixture.wait("inferences after") { try fixture.inferences.count == 7 }
            let inferences = try fixture.inferences
            #expect(inferences.map(\.window) == ids("train-1", 0..<7))
            #expect(inferences.map(\.version) == [1, 1, 1, 2, 2, 2, 2])
            let installed = try #require(try fixture.installed())
            #expect(installed.running == 2 && installed.previous == 1)
            #expect(installed.method == "residual" || installed.method == "prefix")
            #expect(installed.digest == ContentDigest(of: second.encode()).hex)
            #expect(installed.refused.isEmpty)
        }
    }

    @Test("A restarted edge infers at once from its slot, with no registry on the bus")
    func restart() async throws {
        let fixture = try EdgeFixture()
        try fixture.provisionRoot()
        try await fixture.run(isKilled: true) { edge in
            try await fixture.waitForTask(edge)
            try await fixture.install(try TinyStudent.student(), version: 1)
        }
        let other = InMemoryBroker()
        let sensors = other.connect("sensors")
        try await fixture.run(bus: other.connect("gw-north")) { edge in
            try await fixture.wait("the student runs from disk") {
                edge.board.details["models"]?.object?["level"]?.integer == 1
            }
            let message = TelemetryMessage(
                t: TestClock.start, interval: 0.1, channels: ["a", "b"], values: (0..<10).flatMap { _ in [1, 0] })
            try await fixture.wait("an inference") {
                try await sensors.publish(
                    BusMessage(topic: "retort/v1/telemetry/north/train-1", payload: message.payload, qos: .atMostOnce))
                return !other.published(matching: "retort/v1/inference/#").isEmpty
            }
            // Nothing goes up for training: the student was there before the first window.
            #expect(other.published(matching: "retort/v1/window/#").isEmpty)
            let installed = try #require(other.retained["retort/v1/model/level/installed/north/gw-north"])
            #expect(try InstalledMessage(payload: installed.payload).running == 1)
        }
    }

    @Test("A slot that was altered on disk is not run; the student before it is")
    func damagedSlot() async throws {
        let fixture = try EdgeFixture()
        try fixture.provisionRoot()
        try await fixture.run { edge in
            try await fixture.waitForTask(edge)
            let first = try await fixture.install(try TinyStudent.student(), version: 1)
            try await fixture.install(try TinyStudent.student(weight: 12), version: 2, base: first)
        }
        let slots = try fixture.folder.directory.folder("state/slots/level")
        var bytes = try #require(try slots.read("b.safetensors", limit: 1 << 20))
        bytes[bytes.count - 1] ^= 1
        try slots.replace("b.safetensors", with: bytes)
        try await fixture.run { edge in
            try await fixture.wait("the older student runs") {
                edge.board.details["models"]?.object?["level"]?.integer == 1
            }
            #expect(edge.board.counters["slotsDamaged"] == 1)
            // And the newer one is fetched again, against what runs.
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await fixture.registry.answer(edge: EdgeFixture.edge) }
                try await fixture.wait("version 2 is back") { try fixture.installed()?.running == 2 }
                group.cancelAll()
            }
        }
    }

    /// What the loop gets while nothing can come over the bus.
    private func samples(_ seconds: Range<Int>) -> [BusMessage] {
        seconds.map { second in
            let message = TelemetryMessage(
                t: TestClock.start + Double(second), interval: 0.1, channels: ["a", "b"],
                values: (0..<10).flatMap { _ in [0.5, 0] })
            return BusMessage(
                topic: "retort/v1/telemetry/north/train-1", payload: message.payload, qos: .atMostOnce)
        }
    }

    @Test("While the broker is away uploads wait on disk, over a kill, and go up in order and marked")
    func spool() async throws {
        let fixture = try EdgeFixture()
        try fixture.provisionRoot()
        try await fixture.run(isKilled: true) { edge in
            try await fixture.waitForTask(edge)
            await edge.app.loop.receive(samples(0..<2)[...])
            try await fixture.wait("uploads while the broker is there") { try fixture.windows.count == 3 }
            fixture.broker.stop()
            for second in 2..<12 { await edge.app.loop.receive(samples(second..<second + 1)[...]) }
            try await fixture.wait("the spool holds them") {
                edge.board.details["spool"]?.object?["records"]?.integer == 20
            }
            #expect(try fixture.windows.count == 3)
        }
        fixture.broker.start()
        try await fixture.run { edge in
            try await fixture.wait("the spool is drained") { try fixture.windows.count == 23 }
            #expect(edge.board.counters["resent"] == 20)
        }
        let windows = try fixture.windows
        #expect(windows.map(\.window) == ids("train-1", 0..<23))
        #expect(windows.map(\.resent) == [Bool](repeating: false, count: 3) + [Bool](repeating: true, count: 20))
    }

    @Test("The broker's return finds states said again, and new uploads behind the old")
    func brokerReturns() async throws {
        let fixture = try EdgeFixture()
        try fixture.provisionRoot()
        try await fixture.run { edge in
            try await fixture.waitForTask(edge)
            fixture.broker.stop()
            await edge.app.loop.receive(samples(0..<3)[...])
            try await fixture.wait("the spool holds them") {
                edge.board.details["spool"]?.object?["records"]?.integer == 5
            }
            fixture.broker.start()
            await edge.app.loop.receive(samples(3..<6)[...])
            try await fixture.wait("all are up") { try fixture.windows.count == 11 }
            #expect(try fixture.windows.map(\.window) == ids("train-1", 0..<11))
            try await fixture.wait("the device is online") {
                fixture.broker.retained["retort/v1/availability/device/north/train-1"]?.payload == Array("online".utf8)
            }
        }
    }

    @Test("Silence makes a device offline, and a sample online again")
    func availability() async throws {
        let fixture = try EdgeFixture()
        try fixture.provisionRoot()
        try await fixture.run { edge in
            try await fixture.waitForSubscription(edge)
            try await fixture.telemetry("train-1", second: 0, level: 1)
            func says(_ word: String) -> Bool {
                fixture.broker.retained["retort/v1/availability/device/north/train-1"]?.payload == Array(word.utf8)
            }
            try await fixture.wait("online") { says("online") }
            fixture.clock.advance(31)
            await edge.app.loop.sweep(dropped: 0)
            try await fixture.wait("offline") { says("offline") }
            try await fixture.telemetry("train-1", second: 1, level: 1)
            try await fixture.wait("online again") { says("online") }
        }
    }

    @Test("A verdict on an uncertain window revises the decision; one too late or unasked changes nothing")
    func verdicts() async throws {
        let fixture = try EdgeFixture()
        try fixture.provisionRoot()
        let device = DeviceID(site: "north", device: "train-1")
        func verdict(_ half: Int, high: Float) async throws {
            let from = TestClock.start + Double(half) / 2
            let message = VerdictMessage(
                t: fixture.clock.now, window: WindowID(device: "train-1", start: from).description, from: from,
                to: from + 1, teacher: "t",
                content: .probabilities([1 - high, high], label: high > 0.5 ? "high" : "low"))
            try await fixture.send(.verdict(device, model: "level"), message.payload)
        }
        try await fixture.run { edge in
            try await fixture.waitForTask(edge)
            try await fixture.install(try TinyStudent.student(), version: 1)
            try await fixture.telemetry("train-1", second: 0, level: 0.05)
            try await fixture.telemetry("train-1", second: 1, level: 0.05)
            try await fixture.wait("questions") { try fixture.windows.count == 3 }
            #expect(try fixture.windows.allSatisfy { $0.reason == .uncertain && $0.want == .verdict })
            try await verdict(0, high: 0.1)
            try await verdict(0, high: 0.2)
            try await verdict(77, high: 0.2)
            try await fixture.wait("the revision") { try fixture.inferences.contains { $0.revision == 1 } }
            try await fixture.wait("all verdicts are seen") { edge.board.counters["verdicts"] == 3 }
            let revised = try fixture.inferences.filter { $0.revision == 1 }
            #expect(revised.count == 1)
            #expect(revised.first?.decidedBy == .cloud)
            #expect(revised.first?.decision == .label("low", superclass: "any", confidence: 0.9))
            fixture.clock.advance(61)
            try await verdict(1, high: 0.1)
            try await fixture.wait("the late verdict is seen") { edge.board.counters["verdictsUnasked"] == 3 }
            #expect(try fixture.inferences.count { $0.revision == 1 } == 1)
        }
    }

    @Test("Energy is told by cause, and a restart of the process goes on with the boot's figures")
    func energy() async throws {
        let fixture = try EdgeFixture()
        try fixture.provisionRoot()
        try await fixture.run { edge in
            try await fixture.waitForTask(edge)
            try await fixture.install(try TinyStudent.student(), version: 1)
            try await fixture.telemetry("test-1", second: 0, level: 1, count: 3)
            try await fixture.wait("uploads") { try fixture.windows.count == 5 }
            await edge.app.energy.report()
            try await fixture.wait("energy") {
                try !fixture.published(EnergyMessage.self, "energy/north/gw-north").isEmpty
            }
        }
        let first = try #require(try fixture.published(EnergyMessage.self, "energy/north/gw-north").last)
        #expect(first.inferences == 5 && first.multiplyAccumulates == 200 && first.boot == "boot-1")
        for cause in ["compute", "idle", "radio.uploads", "radio.inferences", "radio.updates", "radio.telemetry"] {
            let figure = try #require(first.joules[cause], "\(cause)")
            #expect(figure.value > 0 && figure.low <= figure.value && figure.value <= figure.high)
        }
        #expect(first.joules["radio.uploads"]?.method == .modelled)
        #expect(first.joules["radio.uploads"]?.profile == "ethernet@2")
        try await fixture.run { edge in
            await edge.app.energy.report()
            try await fixture.wait("energy again") {
                let messages = try fixture.published(EnergyMessage.self, "energy/north/gw-north")
                return (messages.last?.t ?? 0) > first.t
            }
        }
        let second = try #require(try fixture.published(EnergyMessage.self, "energy/north/gw-north").last)
        #expect(second.since == first.since && second.inferences == 5)
        #expect(
            try #require(second.joules["radio.uploads"]).value >= (try #require(first.joules["radio.uploads"]).value))
    }

    @Test("Another edge of the same site is reported, and which of them counts")
    func conflict() async throws {
        let fixture = try EdgeFixture()
        try fixture.provisionRoot()
        func status(_ instance: String, site: String) async throws {
            let message = StatusMessage(
                t: fixture.clock.now, session: "s", boot: "b", version: "0", host: "h", started: fixture.clock.now,
                counters: [:], details: ["site": .string(site)])
            try await fixture.send(
                .status(executable: "edge-inferencer", instance: instance), message.payload, retained: true)
            try await fixture.send(
                .serviceAvailability(executable: "edge-inferencer", instance: instance), Array("online".utf8),
                retained: true)
        }
        try await fixture.run { edge in
            try await status("gw-south", site: "south")
            try await status("gw-a", site: "north")
            try await fixture.wait("the conflict") { edge.board.details["conflicts"] != nil }
            let conflicts = try #require(edge.board.details["conflicts"]?.object)
            #expect(conflicts["edges"]?.elements == [.string("gw-a")])
            #expect(conflicts["counts"] == .string("gw-a"))
            try await fixture.send(
                .serviceAvailability(executable: "edge-inferencer", instance: "gw-a"), Array("offline".utf8),
                retained: true)
            try await fixture.wait("the conflict is over") { edge.board.details["conflicts"] == nil }
        }
    }
}
