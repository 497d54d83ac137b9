import BusAPI
import BusTesting
import JSON
import ModelArtifact
import ServiceRuntime
import Telemetry
import Testing

@testable import EdgeInference

@Suite("Publishers of any form on an edge", .serialized) struct SourcesPathTests {
    static let mapping = #"""
        {"format":1,"sources":[
        {"name":"zigbee","topic":"zigbee2mqtt/{device+}","ignore":["zigbee2mqtt/bridge/#"],"decoder":"json",
        "time":{"path":"last_seen","format":"unix-s"},"battery":{"path":"battery"},"voltage":{"path":"mv","unit":"mV"},
        "channels":[{"name":"a","unit":"mV","timing":"on-change","longestSilence":600},
        {"name":"b","timing":"on-change","longestSilence":7200}]},
        {"name":"esp","topic":"{site}/{device}/sensor/{sensor}/state","decoder":"value","key":"{sensor}","channels":[
        {"name":"a","path":"level","timing":"on-change","longestSilence":600},
        {"name":"b","path":"other","timing":"on-change","longestSilence":600}]}]}
        """#

    private func withEdge(
        _ overrides: [String: String] = [:], task: TaskDocument = TinyStudent.task(),
        _ body: (EdgeFixture, EdgeFixture.Running) async throws -> Void
    ) async throws {
        let fixture = try EdgeFixture()
        try fixture.provisionRoot()
        try fixture.folder.directory.replace("sources.json", with: Array(Self.mapping.utf8))
        let settings = ["edge.sources": fixture.folder.directory.file("sources.json")].merging(overrides) { $1 }
        try await fixture.run(settings) { edge in
            try await fixture.waitForTask(edge, task)
            try await body(fixture, edge)
        }
    }

    private func say(_ fixture: EdgeFixture, _ topic: String, _ text: String, retained: Bool = false) async throws {
        try await fixture.world.publish(BusMessage(topic: topic, text: text, qos: .atMostOnce, retained: retained))
    }

    private func isRetained(_ fixture: EdgeFixture, _ topic: String, _ text: String) -> Bool {
        fixture.broker.retained["retort/v1/" + topic]?.payload == Array(text.utf8)
    }

    private func known(_ fixture: EdgeFixture, _ device: String) throws -> DeviceMessage? {
        let topic = fixture.topics.string(.device(DeviceID(site: "north", device: device)))
        return try fixture.broker.retained[topic].map { try DeviceMessage(payload: $0.payload) }
    }

    @Test("A device that speaks on change is inferred upon while it is quiet, under its slug, in the task's units")
    func onChange() async throws {
        try await withEdge { fixture, edge in
            try await fixture.install(try TinyStudent.student(), version: 1)
            let name = "Living Room (2)/window"
            try await say(
                fixture, "zigbee2mqtt/" + name,
                #"{"a":1000,"b":0,"battery":87,"mv":2950,"last_seen":\#(fixture.clock.now)}"#)
            try await fixture.wait("it is online") {
                isRetained(fixture, "availability/device/north/living-room-2-window", "online")
            }
            fixture.clock.advance(6)
            try await fixture.wait("windows of a value that holds") { try fixture.inferences.count >= 5 }
            let inference = try #require(try fixture.inferences.first)
            #expect(inference.window.hasPrefix("living-room-2-window@") && inference.filledChannels.isEmpty)
            guard case .label(let label, _, _) = inference.decision else {
                Issue.record("no label")
                return
            }
            // 1000 mV are the task's 1 V.
            #expect(label == "high")
            try await fixture.wait("what is known of it") { try known(fixture, "living-room-2-window") != nil }
            let device = try #require(try known(fixture, "living-room-2-window"))
            #expect(device.name == name && device.source == "zigbee" && device.edge == "gw-north")
            #expect(device.battery == .init(percent: 87) && device.supplyVolts == 2.95)
            #expect(edge.board.counters["readings"] == 2)
            #expect(edge.board.details["sources"]?.elements?.compactMap(\.string) == ["zigbee2mqtt/#"])
        }
    }

    @Test("Silence is as long as the channels may be silent; then the device is offline and its windows end")
    func silence() async throws {
        try await withEdge(["edge.deviceSilence": "30"]) { fixture, edge in
            try await say(fixture, "zigbee2mqtt/lamp", #"{"a":1000,"b":0}"#)
            try await fixture.wait("online") { isRetained(fixture, "availability/device/north/lamp", "online") }
            fixture.clock.advance(500)
            try await fixture.wait("windows go on") { try fixture.windows.count > 900 }
            #expect(isRetained(fixture, "availability/device/north/lamp", "online"))
            fixture.clock.advance(200)
            try await fixture.wait("offline") { isRetained(fixture, "availability/device/north/lamp", "offline") }
            try await fixture.wait("windows up to then") {
                (try fixture.windows.map(\.to).max() ?? 0) > TestClock.start + 595
            }
            let last = try #require(try fixture.windows.map(\.to).max())
            // `a` holds for 600 s; `b`, which holds longer, is not enough for the task.
            #expect(last <= TestClock.start + 602)
        }
    }

    @Test("A topic for each channel makes one device, also of a site that the topic names")
    func topicPerChannel() async throws {
        try await withEdge { fixture, edge in
            try await say(fixture, "north/hall/sensor/level/state", "-1")
            try await say(fixture, "north/hall/sensor/other/state", "0")
            try await say(fixture, "south/hall/sensor/level/state", "-1")
            try await fixture.wait("the other site's is left to its edge") {
                edge.board.counters["otherSites"] == 1
            }
            fixture.clock.advance(4)
            try await fixture.wait("windows") { try fixture.windows.count >= 2 }
            let window = try #require(try fixture.windows.first)
            #expect(window.window.hasPrefix("hall@"))
            #expect(window.values == (0..<10).flatMap { _ in [Float(-1), 0] })
            #expect(try known(fixture, "hall")?.battery == nil)
        }
    }

    @Test("What cannot be used is refused with a reason, and what is retained or ignored does nothing")
    func refused() async throws {
        try await withEdge { fixture, edge in
            try await say(fixture, "zigbee2mqtt/old", #"{"a":1}"#, retained: true)
            // The in-memory broker sends on what is retained as live to those who are there already; a newcomer finds it.
            try await say(fixture, "zigbee2mqtt/broken", "{")
            try await fixture.waitForRejection("payload", on: "zigbee2mqtt/broken")
            try await say(fixture, "zigbee2mqtt/odd", #"{"a":"warm","b":1}"#)
            try await fixture.waitForRejection("value", on: "zigbee2mqtt/odd")
            try await say(fixture, "zigbee2mqtt/My Lamp", #"{"a":1}"#)
            try await say(fixture, "zigbee2mqtt/my-lamp", #"{"a":1}"#)
            try await fixture.waitForRejection("name", on: "zigbee2mqtt/my-lamp")
            try await say(fixture, "zigbee2mqtt/bridge/state", #"{"a":1}"#)
            try await fixture.wait("counted") { edge.board.counters["unclaimed"] == 1 }
            try await say(fixture, "zigbee2mqtt/dimmer", #"{"brightness":12}"#)
            try await say(fixture, "zigbee2mqtt/next", #"{"a":1}"#)
            try await fixture.wait("the next is heard") {
                isRetained(fixture, "availability/device/north/next", "online")
            }
            #expect(fixture.broker.retained["retort/v1/availability/device/north/dimmer"] == nil)
        }
    }

    @Test("Units that cannot become the task's are said when the task comes")
    func units() async throws {
        var task = TinyStudent.task()
        task.channels[0].unit = "°C"
        try await withEdge(task: task) { fixture, _ in
            try await fixture.waitForRejection("unit", on: "retort/v1/model/level/task")
        }
    }

    @Test("An edge of another site that takes the same publishers is said to")
    func sharedPublishers() async throws {
        try await withEdge { fixture, edge in
            let status = StatusMessage(
                t: TestClock.start, session: "s", boot: "b", version: "1", host: "h", started: TestClock.start,
                counters: [:],
                details: ["site": .string("south"), "sources": .array([.string("zigbee2mqtt/#")])])
            try await fixture.send(
                .status(executable: "edge-inferencer", instance: "gw-south"), status.payload, retained: true)
            try await fixture.send(
                .serviceAvailability(executable: "edge-inferencer", instance: "gw-south"), Array("online".utf8),
                retained: true)
            try await fixture.wait("it is noticed") {
                edge.board.details["sharedSources"]?.elements?.compactMap(\.string) == ["gw-south"]
            }
            #expect(edge.board.details["conflicts"] == nil)
        }
    }

    @Test("A sources file that is missing or wrong stops the edge and names the key")
    func badFiles() throws {
        let fixture = try EdgeFixture()
        let folder = fixture.folder.directory
        try folder.replace("good.json", with: Array(Self.mapping.utf8))
        try folder.replace("bad.json", with: Array(#"{"format":1,"sources":[{"name":"x"}]}"#.utf8))
        for (files, part) in [
            (["missing.json"], "there is no file"), (["bad.json"], "sources[0].topic"),
            (["good.json", "good.json"], "two sources are called zigbee"),
        ] {
            #expect {
                try fixture.settings(["edge.sources": files.map(folder.file).joined(separator: ",")])
            } throws: {
                "\($0)".contains(part) && ($0 as? ConfigurationError)?.key == "edge.sources"
            }
        }
    }
}
