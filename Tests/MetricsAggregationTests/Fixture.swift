import BusAPI
import BusTesting
import Logging
import ServiceRuntime
import Telemetry

@testable import MetricsAggregation

/// Messages of a small fleet, with times that stand on a grid of 2.5 s.
enum Fixture {
    static let start = 1_760_000_000.0
    static let topics = TopicSpace()
    static let device = DeviceID(site: "home", device: "wrist-7")
    static let now = 1_790_000_000.0

    static func context() -> ServiceContext {
        ServiceContext(
            executable: "metrics-aggregator", instance: "aggregator", bus: InMemoryBroker().connect("aggregator"),
            topics: topics, logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }),
            board: StatusBoard(), now: { now }, stateDirectory: "/nowhere", boot: "b")
    }

    static func windowStart(_ index: Int) -> Double { start + 2.5 * Double(index) }

    static func window(_ index: Int, _ device: DeviceID = device) -> String {
        WindowID(device: device.device, start: windowStart(index)).description
    }

    static func inference(
        _ index: Int, _ label: String, confidence: Double = 0.9, version: Int = 1, revision: Int = 0,
        by decider: InferenceMessage.Decider = .edge, edge: String = "gw-1", device: DeviceID = device
    ) -> InferenceMessage {
        InferenceMessage(
            t: now, window: window(index, device), from: windowStart(index), to: windowStart(index) + 5, edge: edge,
            version: version, revision: revision, decision: .label(label, superclass: nil, confidence: confidence),
            decidedBy: decider, latencyMicroseconds: 40)
    }

    static func estimate(_ index: Int, _ value: Double) -> InferenceMessage {
        InferenceMessage(
            t: now, window: window(index), from: windowStart(index), to: windowStart(index) + 5, edge: "gw-1",
            version: 1, decision: .value(value, unit: "ppm", standardDeviation: nil), latencyMicroseconds: 40)
    }

    static func verdict(_ index: Int, _ label: String) -> VerdictMessage {
        VerdictMessage(
            t: now, window: window(index), from: windowStart(index), to: windowStart(index) + 5, teacher: "t1",
            content: .probabilities([1], label: label))
    }

    /// A truth that covers the windows `first` to `last` exactly.
    static func interval(
        _ id: String, _ first: Int, _ last: Int, _ label: String?, t: Double = now
    ) -> LabelMessage {
        LabelMessage(
            t: t, id: id, from: windowStart(first), to: windowStart(last) + 5,
            content: label.map { .label($0) } ?? .withdrawn)
    }

    static func energy(
        _ t: Double, boot: String = "a", inferences: Int, _ joules: [String: Double],
        method: EnergyMessage.Method = .modelled
    ) -> EnergyMessage {
        EnergyMessage(
            t: now + t, since: now, boot: boot, inferences: inferences, multiplyAccumulates: inferences * 100,
            joules: joules.mapValues {
                EnergyMessage.Joules(value: $0, low: $0 / 2, high: $0 * 2, method: method)
            })
    }

    static func message(_ topic: Topic, _ payload: some MessagePayload) -> BusMessage {
        BusMessage(topic: topics.string(topic), payload: payload.payload)
    }
}

extension DecisionJoin {
    mutating func take(_ message: InferenceMessage, _ model: String = "activity") throws -> JoinOutcome {
        try take(message, device: Fixture.device, model: model, now: Fixture.now)
    }

    /// What the book says of the first series' device.
    var deviceTally: Tally { book.totals[Int(series[0].subjects.device)] }

    /// Leaves to the disk what is too much, as after a store.
    mutating func settle(now: Double = Fixture.now) {
        var snapshot = AggregateSnapshot()
        drain(into: &snapshot, now: now)
    }

    mutating func take(_ message: VerdictMessage) throws -> JoinOutcome {
        try take(message, device: Fixture.device, model: "activity", now: Fixture.now)
    }

    mutating func take(_ message: LabelMessage, _ basis: Basis = .truth) throws -> JoinOutcome {
        try take(message, basis: basis, device: Fixture.device)
    }

    func tally(_ version: Int32 = 1, _ model: String = "activity") -> Tally {
        names.known(model).flatMap { book[VersionKey(model: $0, version: version).subject] } ?? Tally()
    }
}
