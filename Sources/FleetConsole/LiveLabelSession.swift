import BusAPI
public import ModelArtifact
public import Telemetry

/// Labels a device while it sends: keys in, labels out on the bus, and what they cover on the screen.
public struct LiveLabelSession: Sendable {
    private let client: FleetClient
    private let device: DeviceID
    private let task: TaskDocument
    private let isTruth: Bool
    private let now: @Sendable () -> Double
    private let say: @Sendable (String) -> Void

    /// - Parameters:
    ///   - isTruth: the labels are for scoring alone.
    ///   - say: prints a line.
    public init(
        client: FleetClient, device: DeviceID, task: TaskDocument, isTruth: Bool, now: @escaping @Sendable () -> Double,
        say: @escaping @Sendable (String) -> Void
    ) {
        self.client = client
        self.device = device
        self.task = task
        self.isTruth = isTruth
        self.now = now
        self.say = say
    }

    private enum Event: Sendable {
        case key(Character)
        case messages([BusMessage])
        case tick
        case end
    }

    /// Runs until `q` or the end of the keys.
    ///
    /// - Throws: ``FleetConsoleError`` where no broker answers; `BusError` where a label cannot be sent.
    public func run(keys: AsyncStream<Character>) async throws {
        var labels = try LiveLabels(device: device, task: task)
        let topics = client.topics
        let subscription = try await client.subscribe(to: [
            BusFilter(topics.string(.window(device, model: task.name))),
            BusFilter(topics.string(.inference(device, model: task.name))),
        ])
        defer { subscription.cancel() }
        let choices = labels.choices.map { "\($0.key) \($0.name)" }.joined(separator: ", ")
        say("\(device): \(choices); the same key or space ends, u takes the last back, q leaves")
        let (events, source) = AsyncStream<Event>.makeStream(bufferingPolicy: .bufferingNewest(100_000))
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                for await key in keys { source.yield(.key(key)) }
                source.yield(.end)
            }
            group.addTask { for await batch in subscription { source.yield(.messages(batch)) } }
            group.addTask {
                while true {
                    try await Task.sleep(for: .milliseconds(250))
                    source.yield(.tick)
                }
            }
            defer { group.cancelAll() }
            try await consume(events, &labels)
        }
        say(labels.table.text)
    }

    private func consume(_ events: AsyncStream<Event>, _ labels: inout LiveLabels) async throws {
        /// Once the keys have ended, windows that are on their way may still come.
        var leaving: Double?
        for await event in events {
            switch event {
            case .messages(let messages): for message in messages { note(message, &labels) }
            case .tick:
                try await publish(labels.tick(now: now()))
                if let leaving, now() >= leaving { return }
            case .key("q"), .end:
                guard leaving == nil else { continue }
                let ended = labels.current
                try await publish(labels.stop(now: now()))
                for label in ended { say("end of \(label.choice.name)") }
                leaving = now() + min(5, task.windowSeconds + 1)
            case .key(let key):
                guard leaving == nil else { continue }
                let (before, count) = (labels.current, labels.said.count)
                try await publish(labels.press(key, now: now()))
                tell(key, labels, before: before, count: count)
            }
        }
    }

    private func tell(_ key: Character, _ labels: LiveLabels, before: [LiveLabels.Said], count: Int) {
        if key == "u" {
            say(
                labels.said.count < count || labels.current.count < before.count
                    ? "took the last back" : "nothing to take back")
            return
        }
        for label in before where !labels.current.contains(where: { $0.id == label.id }) {
            let said = labels.said.first { $0.id == label.id }
            let (covered, training) = said.map(labels.windows(of:)) ?? (0, 0)
            say(
                "end of \(label.choice.name)"
                    + (said == nil
                        ? ": too short" : ": \(covered) windows so far, \(training) of them to train on"))
        }
        for label in labels.current where !before.contains(where: { $0.id == label.id }) {
            say("\(label.choice.name) ...")
        }
    }

    private func note(_ message: BusMessage, _ labels: inout LiveLabels) {
        // What cannot be read is nobody's window.
        switch client.topics.parse(message.topic) {
        case .window:
            guard let window = try? WindowMessage(payload: message.payload) else { return }
            labels.saw(from: window.from, to: window.to, isTraining: window.want == .training)
        case .inference:
            guard let inference = try? InferenceMessage(payload: message.payload) else { return }
            labels.saw(from: inference.from, to: inference.to, isTraining: false)
        default: break
        }
    }

    private func publish(_ messages: [LabelMessage]) async throws {
        for message in messages {
            try await client.bus.publish(
                BusMessage(
                    topic: client.topics.string(isTruth ? .truth(device) : .label(device)), payload: message.payload,
                    contentType: "application/json"))
        }
    }
}
