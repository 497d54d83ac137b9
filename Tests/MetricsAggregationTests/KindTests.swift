import BusAPI
import JSON
import ModelArtifact
import Storage
import Telemetry
import Testing

@testable import MetricsAggregation

/// Models other than a single classification.
@Suite struct KindTests {
    private static let task: TaskDocument = {
        var task = TaskDocument(
            name: "rig", kind: .multiHead, channels: [.init(name: "a", unit: "")], rate: 1, window: 5, step: 5)
        task.heads = [
            .init(name: "valve", classes: [.init(name: "shut"), .init(name: "open")]),
            .init(name: "pump", classes: [.init(name: "off"), .init(name: "on")]),
        ]
        return task
    }()

    private func decision(_ index: Int, _ valve: String, _ pump: String) -> InferenceMessage {
        var message = Fixture.inference(index, "")
        message.decision = .heads([
            HeadDecision(head: "valve", label: valve, confidence: 0.9),
            HeadDecision(head: "pump", label: pump, confidence: 0.8),
        ])
        return message
    }

    private func label(_ id: String, _ first: Int, _ last: Int, _ content: LabelMessage.Content, t: Double = 0)
        -> LabelMessage
    {
        var message = Fixture.interval(id, first, last, nil, t: Fixture.now + t)
        message.content = content
        return message
    }

    private func verdict(_ index: Int, _ content: VerdictMessage.Content) -> VerdictMessage {
        var message = Fixture.verdict(index, "")
        message.content = content
        return message
    }

    private func rig() throws -> Aggregation {
        var aggregation = Aggregation(topics: Fixture.topics)
        let model = "rig"
        var messages = [BusMessage(topic: Fixture.topics.string(.task(model: model)), payload: Self.task.json.bytes)]
        for index in 0..<10 {
            messages.append(
                Fixture.message(
                    .inference(Fixture.device, model: model),
                    decision(index, index < 8 ? "open" : "shut", index < 6 ? "on" : "off")))
            messages.append(
                Fixture.message(
                    .verdict(Fixture.device, model: model),
                    verdict(
                        index,
                        .heads([
                            .init(head: "valve", label: "open", probabilities: [0, 1]),
                            .init(head: "pump", label: "on", probabilities: [0, 1]),
                        ]))))
        }
        messages.append(
            Fixture.message(.truth(Fixture.device), label("a", 0, 9, .heads(["valve": "open", "pump": "on"]))))
        for message in messages { try aggregation.take(message, now: Fixture.now) }
        return aggregation
    }

    private func accuracy(_ aggregation: inout Aggregation, _ model: String) throws -> AccuracyMessage {
        aggregation.forgetPublished()
        let messages = aggregation.publications(now: Fixture.now)
        let name = Fixture.topics.string(.accuracy(model: model, version: 1))
        return try AccuracyMessage(payload: try #require(messages.last { $0.topic == name }).payload)
    }

    @Test("Each head is scored by itself, and the model by all of them; windows count once")
    func heads() throws {
        var aggregation = try rig()
        let accuracy = try accuracy(&aggregation, "rig")
        #expect(accuracy.decisions == 10 && accuracy.scored == 20 && accuracy.coverage == 1)
        #expect(accuracy.accuracy?.value == 0.7)
        #expect(accuracy.heads["valve"]?.accuracy?.value == 0.8 && accuracy.heads["pump"]?.accuracy?.value == 0.6)
        #expect(accuracy.teacher?.accuracy?.value == 1 && accuracy.teacher?.agreement?.value == 0.7)
        #expect(try AccuracyMessage(json: accuracy.json) == accuracy)
        let summary = aggregation.summary(now: Fixture.now)
        #expect(summary.windows == 10)
        aggregation.forgetPublished()
        let messages = aggregation.publications(now: Fixture.now)
        #expect(!messages.contains { $0.topic.contains("#") })
        let name = Fixture.topics.string(.fleetDevice(Fixture.device))
        let device = try FleetDevice(payload: try #require(messages.last { $0.topic == name }).payload)
        #expect(device.models["rig"]?.heads == ["valve": "shut", "pump": "off"])
        #expect(device.models["rig"]?.card.windows == 10 && device.models["rig"]?.card.scored == 20)
        #expect(try FleetDevice(json: device.json) == device)
    }

    @Test("A label of heads that is corrected or withdrawn leaves nothing of what it said")
    func withdrawn() throws {
        var aggregation = try rig()
        try aggregation.take(
            Fixture.message(.truth(Fixture.device), label("a", 0, 9, .heads(["valve": "shut"]), t: 1)),
            now: Fixture.now)
        let corrected = try accuracy(&aggregation, "rig")
        #expect(corrected.scored == 10 && corrected.heads["pump"]?.scored == 0)
        #expect(corrected.heads["valve"]?.accuracy?.value == 0.2)
        try aggregation.take(
            Fixture.message(.truth(Fixture.device), label("a", 0, 9, .withdrawn, t: 2)), now: Fixture.now)
        #expect(try accuracy(&aggregation, "rig").scored == 0)
    }

    @Test("Heads and values count after a restart as before it")
    func restart() async throws {
        var aggregation = try rig()
        for index in 0..<4 {
            try aggregation.take(
                Fixture.message(.inference(Fixture.device, model: "air"), Fixture.estimate(index, Double(index))),
                now: Fixture.now)
        }
        let before = (try accuracy(&aggregation, "rig"), try accuracy(&aggregation, "air"))
        let store = AggregateStore(
            database: try await Database(inMemory: AggregateStore.migrations), limits: JoinLimits())
        try await store.write(aggregation.drain(now: Fixture.now))
        var read = try await store.read(topics: Fixture.topics)
        #expect(try accuracy(&read, "rig") == before.0)
        #expect(try accuracy(&read, "air") == before.1)
    }

    @Test("A regression shows the errors of student and teacher, per version, device and site; no share is made up")
    func values() throws {
        var aggregation = Aggregation(topics: Fixture.topics)
        for (index, value) in [10.0, 14, 8].enumerated() {
            try aggregation.take(
                Fixture.message(.inference(Fixture.device, model: "air"), Fixture.estimate(index, value)),
                now: Fixture.now)
            try aggregation.take(
                Fixture.message(.verdict(Fixture.device, model: "air"), verdict(index, .value(11))), now: Fixture.now)
        }
        // The value at a window's end counts, as numbers change within a window.
        for index in 0..<3 {
            try aggregation.take(
                Fixture.message(
                    .truth(Fixture.device),
                    LabelMessage(
                        t: Fixture.now, id: "v\(index)", from: Fixture.windowStart(index) + 4,
                        to: Fixture.windowStart(index) + 5, content: .value(10))), now: Fixture.now)
        }
        let accuracy = try accuracy(&aggregation, "air")
        #expect(accuracy.scored == 3 && accuracy.accuracy == nil && accuracy.errors?.meanAbsolute == 2)
        #expect(accuracy.errors?.unit == "ppm" && accuracy.teacher?.errors?.meanAbsolute == 1)
        #expect(try AccuracyMessage(json: accuracy.json) == accuracy)
        aggregation.forgetPublished()
        let messages = aggregation.publications(now: Fixture.now)
        func payload(_ topic: Topic) throws -> [UInt8] {
            try #require(messages.last { $0.topic == Fixture.topics.string(topic) }).payload
        }
        let device = try FleetDevice(payload: payload(.fleetDevice(Fixture.device)))
        #expect(device.models["air"]?.card.errors?.meanAbsolute == 2 && device.models["air"]?.card.accuracy == nil)
        let site = try FleetSite(payload: payload(.fleetSite("home")))
        #expect(site.models["air"]?.errors?.meanAbsolute == 2 && site.models["air"]?.accuracy == nil)
    }

    @Test("A class said of a device is no truth of its regression, nor a value one of its classification")
    func strangers() throws {
        var aggregation = Aggregation(topics: Fixture.topics)
        for (name, kind) in [("air", TaskDocument.Kind.regression), ("activity", .classification)] {
            let task = TaskDocument(
                name: name, kind: kind, channels: [.init(name: "a", unit: "")], rate: 1, window: 5, step: 5,
                classes: kind == .classification ? [.init(name: "walking"), .init(name: "sitting")] : [],
                target: kind == .regression ? .init(name: "co2", unit: "ppm") : nil)
            try aggregation.take(
                BusMessage(topic: Fixture.topics.string(.task(model: name)), payload: task.json.bytes),
                now: Fixture.now)
        }
        for index in 0..<3 {
            try aggregation.take(
                Fixture.message(.inference(Fixture.device, model: "air"), Fixture.estimate(index, 12)),
                now: Fixture.now)
            try aggregation.take(
                Fixture.message(.inference(Fixture.device, model: "activity"), Fixture.inference(index, "walking")),
                now: Fixture.now)
        }
        try aggregation.take(
            Fixture.message(.label(Fixture.device), label("c", 0, 9, .label("walking"))), now: Fixture.now)
        try aggregation.take(
            Fixture.message(.label(Fixture.device), label("v", 0, 9, .value(10), t: 1)), now: Fixture.now)
        let activity = try accuracy(&aggregation, "activity")
        #expect(activity.scored == 3 && activity.accuracy?.value == 1 && activity.errors == nil)
        let air = try accuracy(&aggregation, "air")
        #expect(air.scored == 3 && air.errors?.meanAbsolute == 2)
    }
}
