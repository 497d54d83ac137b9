public import BusAPI
public import Logging
public import Telemetry

/// What every service is given: its name, the bus, and where it says how it fares.
public struct ServiceContext: Sendable {
    /// `edge-inferencer`, ...
    public let executable: String
    /// Tells processes of one executable apart; a slug. An edge's instance is its edge name.
    public let instance: String
    public let bus: any MessageBus
    public let topics: TopicSpace
    public let logger: Logger
    public let board: StatusBoard
    public let rejects: RejectReporter
    /// Unix seconds.
    public let now: @Sendable () -> Double
    /// Folder for what must survive a restart; exists.
    public let stateDirectory: String
    /// New at each start of the host.
    public let boot: String
    /// What `/metrics` shows, beside the board; the runner puts the process's own here.
    public var metrics = OpenMetricsFactory()
    /// Unix seconds.
    let started: Double

    public init(
        executable: String, instance: String, bus: any MessageBus, topics: TopicSpace, logger: Logger,
        board: StatusBoard, now: @escaping @Sendable () -> Double, stateDirectory: String, boot: String
    ) {
        self.executable = executable
        self.instance = instance
        self.bus = bus
        self.topics = topics
        self.logger = logger
        self.board = board
        self.rejects = RejectReporter(executable: executable, bus: bus, topics: topics, board: board, now: now)
        self.now = now
        started = now()
        self.stateDirectory = stateDirectory
        self.boot = boot
    }

    /// Publishes JSON on a topic of ours.
    public func publish(
        _ message: some MessagePayload, on topic: Topic, qos: QualityOfService = .atLeastOnce, retained: Bool = false
    ) async throws(BusError) {
        try await bus.publish(
            BusMessage(
                topic: topics.string(topic), payload: message.payload, qos: qos, retained: retained,
                contentType: "application/json"))
    }

    /// Takes back what is retained on a topic.
    public func clear(_ topic: Topic) async throws(BusError) {
        try await bus.publish(BusMessage(topic: topics.string(topic), payload: [], retained: true))
    }
}
