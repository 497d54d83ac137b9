import ArgumentParser
import BusAPI
import Foundation
import JSON
import ServiceRuntime
import Synchronization
import Telemetry

/// Decisions of a fleet at a given rate; each device's windows follow each other on the grid, none twice.
///
/// The messages are written once; only the times in them change, so that the load costs little beside what it loads.
final class DecisionLoad: Sendable {
    private static let model = "activity"
    private static let labels = ["walking", "sitting", "jogging", "stairs", "typing"]
    /// Device time of the first window, and the step from one to the next; seconds.
    private static let start = 1_760_000_000
    private static let step = 2
    private static let length = 5
    /// A device's share of wrong decisions is one in this many.
    private static let wrong = 8

    private let bus: any MessageBus
    private let root: TopicSpace
    private let devices: [DeviceID]
    private let topics: [String]
    private let verdictTopics: [String]
    private let handed = Mutex(0)
    /// When the load was made: all of it is about the week before, and what follows.
    let now = WallClock.now()

    /// Decisions handed to the broker.
    var sent: Int { handed.withLock { $0 } }

    init(bus: any MessageBus, root: TopicSpace, devices count: Int) {
        self.bus = bus
        self.root = root
        devices = (0..<count).map { DeviceID(site: "site-\($0 / 100)", device: "wrist-\($0)") }
        topics = devices.map { root.string(.inference($0, model: Self.model)) }
        verdictTopics = devices.map { root.string(.verdict($0, model: Self.model)) }
    }

    private func label(_ device: Int) -> String { Self.labels[device % Self.labels.count] }

    /// Says of every device what it does, now and for months of its windows.
    func sayTruths() async throws {
        for (index, device) in devices.enumerated() {
            let truth = LabelMessage(
                t: WallClock.now(), id: "truth", from: Double(Self.start - 10), to: Double(Self.start) + 1e8,
                content: .label(label(index)))
            try await bus.publish(BusMessage(topic: root.string(.truth(device)), payload: truth.payload))
        }
    }

    /// Twice in every hour of the last week, each device decides.
    func sendWeek(rate: Double) async throws {
        let begin = ContinuousClock.now
        let count = 2 * 168 * devices.count
        let first = sent
        for number in first..<first + count {
            let t = now - 168 * 3600 + Double((number - first) / devices.count) * 1800
            try await publish(number, at: t)
            if number % 256 == 0 {
                let due = Double(number - first) / rate
                let passed = (ContinuousClock.now - begin) / .seconds(1)
                if passed < due { try await Task.sleep(for: .seconds(due - passed)) }
            }
        }
    }

    /// Sends until cancelled.
    func send(rate: Double) async throws {
        let begin = ContinuousClock.now
        let first = sent
        var next = first
        while !Task.isCancelled {
            let passed = (ContinuousClock.now - begin) / .seconds(1)
            // At most a tenth of a second at once: a generator that was held up does not make up for it in a burst.
            let due = min(first + Int(passed * rate), next + max(1, Int(rate / 10)))
            let t = WallClock.now()
            for number in next..<max(next, due) { try await publish(number, at: t) }
            next = max(next, due)
            do { try await Task.sleep(for: .milliseconds(2)) } catch { break }
        }
    }

    private func publish(_ number: Int, at t: Double) async throws {
        let device = number % devices.count
        let index = number / devices.count
        let start = Self.start + index * Self.step
        let isWrong = (index + device) % Self.wrong == 0
        let label = isWrong ? self.label(device + 1) : self.label(device)
        let milliseconds = Int(t * 1000)
        let time = "\(milliseconds / 1000).\(String(1000 + milliseconds % 1000).dropFirst())"
        let name = devices[device].device
        let payload =
            #"{"t":\#(time),"window":"\#(name)@\#(start).000","from":\#(start),"to":\#(start + Self.length),"#
            + #""edge":"gw-\#(device / 100)","version":\#(1 + index % 2),"revision":0,"label":"\#(label)","#
            + #""confidence":0.914,"decidedBy":"edge","filledChannels":[],"latencyUs":\#(30 + index % 40)}"#
        try await bus.publish(
            BusMessage(topic: topics[device], payload: Array(payload.utf8), qos: .atMostOnce))
        handed.withLock { $0 += 1 }
        guard index % 50 == 7 else { return }
        let verdict =
            #"{"t":\#(time),"window":"\#(name)@\#(start).000","from":\#(start),"to":\#(start + Self.length),"#
            + #""teacher":"t","probabilities":[1],"label":"\#(self.label(device))"}"#
        try await bus.publish(
            BusMessage(topic: verdictTopics[device], payload: Array(verdict.utf8), qos: .atMostOnce))
    }

    /// Whether the retained counts are exactly what was sent.
    func check(_ bus: any MessageBus) async throws {
        let total = sent
        let retained = try await bus.subscribe(
            to: [BusFilter(root.filter("accuracy", "+", "+"))], limit: 1000, overflow: .dropOldest)
        defer { retained.cancel() }
        var messages: [String: AccuracyMessage] = [:]
        for await batch in retained {
            for message in batch { messages[message.topic] = try AccuracyMessage(payload: message.payload) }
            let counted = messages.values.reduce(0) { $0 + $1.decisions }
            guard counted >= total else { continue }
            let scored = messages.values.reduce(0) { $0 + $1.scored }
            let correct = messages.values.reduce(0.0) { $0 + ($1.accuracy?.value ?? 0) * Double($1.scored) }
            guard counted == total, scored == total else {
                throw ValidationError("sent \(total) decisions; counted \(counted), scored \(scored)")
            }
            let wrong = (0..<total).count { ($0 / devices.count + $0 % devices.count) % Self.wrong == 0 }
            guard abs(correct - Double(total - wrong)) < 1e-3 * Double(total) else {
                throw ValidationError("\(total - wrong) decisions are right; \(correct) were found so")
            }
            return
        }
    }
}
