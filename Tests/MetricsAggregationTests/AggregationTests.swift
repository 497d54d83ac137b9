import BusAPI
import JSON
import ModelArtifact
import Telemetry
import Testing

@testable import MetricsAggregation

@Suite struct AggregationTests {
    private static let online = Array("online".utf8)

    private func published<Message: MessagePayload>(
        _ messages: [BusMessage], _ topic: Topic, as type: Message.Type = Message.self
    ) throws -> Message {
        let name = Fixture.topics.string(topic)
        return try Message(payload: try #require(messages.last { $0.topic == name }).payload)
    }

    /// Ten windows of version 1, a truth on all of them, verdicts on all, energy before and after.
    private func busyFleet() throws -> Aggregation {
        var aggregation = Aggregation(topics: Fixture.topics)
        let edge = EdgeID(site: "home", edge: "gw-1")
        var messages = [
            Fixture.message(.energy(edge), Fixture.energy(0, inferences: 0, ["compute": 0])),
            Fixture.message(.truth(Fixture.device), Fixture.interval("a", 0, 9, "walking")),
            BusMessage(topic: Fixture.topics.string(.deviceAvailability(Fixture.device)), payload: Self.online),
            BusMessage(
                topic: Fixture.topics.string(.serviceAvailability(executable: "edge-inferencer", instance: "gw-1")),
                payload: Self.online),
            Fixture.message(
                .installed(model: "activity", edge),
                InstalledMessage(t: Fixture.now, state: .running, running: 1, digest: "d", bytes: 5000)),
            Fixture.message(
                .jobProgress(id: "r-1"),
                JobProgress(
                    t: Fixture.now, id: "r-1", model: "activity", distiller: "d", phase: .student, fraction: 0.5)),
        ]
        for index in 0..<10 {
            messages.append(
                Fixture.message(
                    .inference(Fixture.device, model: "activity"),
                    Fixture.inference(index, index < 8 ? "walking" : "sitting")))
            messages.append(
                Fixture.message(.verdict(Fixture.device, model: "activity"), Fixture.verdict(index, "walking")))
        }
        messages.append(Fixture.message(.energy(edge), Fixture.energy(10, inferences: 10, ["compute": 0.4])))
        for message in messages { try aggregation.take(message, now: Fixture.now) }
        return aggregation
    }

    @Test("Accuracy says what the design's example says")
    func accuracy() throws {
        var aggregation = try busyFleet()
        let messages = aggregation.publications(now: Fixture.now)
        #expect(messages.allSatisfy { $0.retained })
        let accuracy: AccuracyMessage = try published(messages, .accuracy(model: "activity", version: 1))
        #expect(accuracy.basis == .truth)
        #expect(accuracy.decisions == 10 && accuracy.scored == 10 && accuracy.coverage == 1)
        #expect(accuracy.accuracy?.value == 0.8)
        #expect(accuracy.accuracy?.low == 0.4902)
        #expect(accuracy.teacher?.accuracy?.value == 1)
        #expect(accuracy.teacher?.agreement?.value == 0.8)
        #expect(accuracy.joulesPerInference?.value == 0.04)
        #expect(accuracy.joulesPerCorrect?.value == 0.05)
        #expect(accuracy.joulesPerCorrect?.method == .modelled)
        #expect(accuracy.from == Fixture.start && accuracy.to == Fixture.windowStart(9) + 5)
        #expect(accuracy.perClass.map(\.label) == ["sitting", "walking"])
        #expect(try #require(accuracy.latency).median > 30)
        #expect(try AccuracyMessage(json: accuracy.json) == accuracy)
    }

    @Test("The summary shows the fleet at a glance")
    func summary() throws {
        var aggregation = try busyFleet()
        let messages = aggregation.publications(now: Fixture.now + 1)
        let summary: FleetSummary = try published(messages, .fleetSummary)
        #expect(summary.devices == .init(known: 1, online: 1))
        #expect(summary.edges == .init(known: 1, online: 1))
        #expect(summary.windows == 10 && summary.windowsPerSecond == 1)
        #expect(summary.running == ["home/gw-1": ["activity": 1]])
        #expect(summary.models["activity"]?.accuracy?.value == 0.8)
        #expect(summary.bytes == ["updates": 5000])
        #expect(summary.jobs["r-1"]?.phase == .student)
        #expect(summary.firstInference == Fixture.now)
        let device: FleetDevice = try published(messages, .fleetDevice(Fixture.device))
        #expect(device.state == .online)
        #expect(device.models["activity"]?.label == "sitting")
        #expect(device.models["activity"]?.card.windows == 10)
        let site: FleetSite = try published(messages, .fleetSite("home"))
        #expect(site.models["activity"]?.accuracy?.value == 0.8)
        #expect(try FleetSummary(json: summary.json) == summary)
    }

    @Test("What did not change is not said again, and everything is after the broker lost it")
    func repetition() throws {
        var aggregation = try busyFleet()
        let first = aggregation.publications(now: Fixture.now + 60)
        #expect(aggregation.publications(now: Fixture.now + 61).isEmpty)
        aggregation.forgetPublished()
        #expect(Set(aggregation.publications(now: Fixture.now + 62).map(\.topic)) == Set(first.map(\.topic)))
        aggregation.unpublish(first.map(\.topic))
        #expect(Set(aggregation.publications(now: Fixture.now + 63).map(\.topic)) == Set(first.map(\.topic)))
    }

    @Test("The first truth of a model turns all its versions from labels to truths")
    func basis() throws {
        var aggregation = Aggregation(topics: Fixture.topics)
        try aggregation.take(
            Fixture.message(.label(Fixture.device), Fixture.interval("a", 0, 3, "walking")), now: Fixture.now)
        for version in 1...2 {
            try aggregation.take(
                Fixture.message(
                    .inference(Fixture.device, model: "activity"),
                    Fixture.inference(version, "walking", version: version)), now: Fixture.now)
        }
        let before: AccuracyMessage = try published(
            aggregation.publications(now: Fixture.now), .accuracy(model: "activity", version: 1))
        #expect(before.basis == .label && before.scored == 1)
        try aggregation.take(
            Fixture.message(.truth(Fixture.device), Fixture.interval("a", 2, 2, "walking")), now: Fixture.now)
        // The truth touches window 1 in part, so version 1 has one mixed window and no score.
        let messages = aggregation.publications(now: Fixture.now)
        let after: AccuracyMessage = try published(messages, .accuracy(model: "activity", version: 1))
        #expect(after.basis == nil && after.scored == 0 && after.mixed == 1)
        let second: AccuracyMessage = try published(messages, .accuracy(model: "activity", version: 2))
        #expect(second.basis == .truth && second.scored == 1)
    }

    @Test("Updates and uploads count once, whatever is repeated")
    func movement() throws {
        var aggregation = Aggregation(topics: Fixture.topics)
        let edge = EdgeID(site: "home", edge: "gw-1")
        func installed(_ version: Int, _ bytes: Int, _ state: InstalledMessage.State) throws {
            try aggregation.take(
                Fixture.message(
                    .installed(model: "activity", edge),
                    InstalledMessage(
                        t: Fixture.now, state: state, running: version, digest: "d\(version)", bytes: bytes)),
                now: Fixture.now)
        }
        func status(_ session: String, _ bytes: Int) throws {
            try aggregation.take(
                Fixture.message(
                    .status(executable: "edge-inferencer", instance: "gw-1"),
                    StatusMessage(
                        t: Fixture.now, session: session, boot: "b", version: "1", host: "h", started: Fixture.now,
                        counters: [StatusMessage.uploadedBytes: bytes])), now: Fixture.now)
        }
        for _ in 0..<3 { try installed(1, 5000, .running) }
        try installed(1, 700, .downloading)
        for _ in 0..<3 { try installed(2, 700, .running) }
        for bytes in [100, 100, 250] { try status("s1", bytes) }
        for bytes in [40, 40] { try status("s2", bytes) }
        #expect(aggregation.fleet.movement.bytes == ["updates": 5700, "uploads": 290])
    }

    @Test("A task tells which labels score its model")
    func task() throws {
        var aggregation = Aggregation(topics: Fixture.topics)
        let task = TaskDocument(
            name: "activity", channels: [.init(name: "ax", unit: "m/s²")], rate: 20, window: 100, step: 50,
            classes: [.init(name: "walking"), .init(name: "sitting")])
        try aggregation.take(
            BusMessage(topic: Fixture.topics.string(.task(model: "activity")), payload: task.json.bytes),
            now: Fixture.now)
        try aggregation.take(
            Fixture.message(.truth(Fixture.device), Fixture.interval("a", 0, 3, "worn")), now: Fixture.now)
        try aggregation.take(
            Fixture.message(.inference(Fixture.device, model: "activity"), Fixture.inference(0, "walking")),
            now: Fixture.now)
        #expect(aggregation.join.tally().truth == BasisTally())
    }

    static let inference = Fixture.inference(0, "walking")

    @Test(
        "What cannot be counted is refused with a code, and changes nothing",
        arguments: [
            ("inference/home/wrist-7/activity", "{", "malformed"),
            ("inference/home/wrist-7/activity", "", "malformed"),
            ("inference/home/wrist-7/activity", "[]", "malformed"),
            ("inference/home/wrist-7/activity", #"{"t":1760000005,"t":1}"#, "malformed"),
            ("inference/home/wrist-8/activity", inference.json.text, "window"),
            ("inference/home/wrist-7/activity", changed("window", .string("wrist-7@5")), "window"),
            ("inference/home/wrist-7/activity", changed("from", .integer(1_760_000_001)), "window"),
            ("inference/home/wrist-7/activity", changed("to", .integer(1_760_000_000)), "window"),
            ("inference/home/wrist-7/activity", changed("to", .integer(1_860_000_000)), "window"),
            ("inference/home/wrist-7/activity", changed("from", .integer(17)), "malformed"),
            ("inference/home/wrist-7/activity", changed("confidence", .double(1.5)), "range"),
            ("inference/home/wrist-7/activity", changed("confidence", .double(-0.1)), "range"),
            ("inference/home/wrist-7/activity", changed("revision", .integer(-1)), "range"),
            ("inference/home/wrist-7/activity", changed("version", .integer(0)), "malformed"),
            ("inference/home/wrist-7/activity", changed("version", .integer(5_000_000_000)), "range"),
            ("inference/home/wrist-7/activity", changed("latencyUs", .integer(-3)), "range"),
            ("inference/home/wrist-7/activity", changed("value", .double(1e300)), "range"),
            ("inference/home/wrist-7/activity", changed("edge", .string("GW 1")), "malformed"),
            (
                "inference/home/wrist-7/activity",
                changed("label", .string(String(repeating: "x", count: 1000))), "range"
            ),
            ("inference/home/wrist-7/activity", String(repeating: " ", count: 5 << 20), "oversize"),
            ("truth/home/wrist-7", #"{"t":1760000005,"id":"a","from":1760000005,"to":1760000005}"#, "malformed"),
            ("truth/home/wrist-7", #"{"t":1760000005,"id":"","from":1760000005,"to":1760000009}"#, "malformed"),
            (
                "label/home/wrist-7",
                #"{"t":1760000005,"id":"a","from":1760000005,"to":1760000009,"value":1e200}"#, "range"
            ),
            ("label/home/wrist-7", #"{"t":1760000005,"id":"a","from":1760000005,"to":1e30,"label":"x"}"#, "malformed"),
            (
                "verdict/home/wrist-7/activity",
                #"{"t":1760000005,"window":"other@1760000000.000","from":1760000000,"to":1760000005,"teacher":"t","#
                    + #""label":"walking","probabilities":[1]}"#, "window"
            ),
            (
                "energy/home/gw-1",
                #"{"t":1760000005,"since":1760000000,"boot":"a","inferences":-1,"macs":0,"joules":{}}"#, "range"
            ),
            (
                "energy/home/gw-1",
                #"{"t":1760000005,"since":1760000000,"boot":"a","inferences":1,"macs":0,"joules":{"compute":{"value":-1,"method":"modelled"}}}"#,
                "malformed"
            ),
            ("availability/device/home/wrist-7", "on", "malformed"),
            ("availability/service/edge-inferencer/gw-1", "up", "malformed"),
            ("model/activity/installed/home/gw-1", #"{"t":1760000005,"state":"asleep"}"#, "malformed"),
            ("model/activity/task", #"{"name":"activity"}"#, "malformed"),
            ("status/edge-inferencer/gw-1", "no", "malformed"),
            ("job/r-1/progress", "{}", "malformed"),
            ("inference/Home/wrist-7/activity", inference.json.text, "topic"),
        ])
    func badInput(_ topic: String, _ payload: String, _ code: String) throws {
        var aggregation = try busyFleet()
        _ = aggregation.publications(now: Fixture.now + 60)
        let tally = aggregation.join.tally()
        let refusal = #expect(throws: JoinRefusal.self) {
            try aggregation.take(
                BusMessage(topic: Fixture.topics.root + "/" + topic, text: payload), now: Fixture.now + 60)
        }
        #expect(refusal?.code == code)
        #expect(refusal?.reason.isEmpty == false)
        #expect(aggregation.join.tally() == tally)
        #expect(aggregation.publications(now: Fixture.now + 61).isEmpty)
    }

    private static func changed(_ key: String, _ value: JSONValue) -> String {
        var object = inference.json.object ?? [:]
        object[key] = value
        return JSONValue.object(object).text
    }

    @Test("A publisher of ever new names fills a table, and no more")
    func nameBound() throws {
        var table = NameTable(capacity: 3)
        for name in ["a", "b", "c", "a"] { #expect(table.index(name) != nil) }
        #expect(table.index("d") == nil)
        #expect(table.index("b") == 1)
    }
}
