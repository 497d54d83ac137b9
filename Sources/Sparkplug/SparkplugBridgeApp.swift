import BusAPI
import JSON
public import ServiceLifecycle
public import ServiceRuntime
import Telemetry

/// Republishes what Sparkplug B nodes say as flat telemetry, which edges read by a sources file.
public struct SparkplugBridgeApp: Sendable {
    public static let keys: [ConfigurationKey] = [
        ConfigurationKey(
            "sparkplug.group", .string, default: "+", help: "Group to listen to; + for all."),
        ConfigurationKey(
            "sparkplug.topic", .string, default: "sparkplug/{group}/{node}/{device}",
            help:
                "Where a device's values are published: levels of {group}, {node}, {device} and text. A node's own values "
                + "have \"node\" for the device."),
        ConfigurationKey(
            "sparkplug.rebirth", .boolean, default: "true",
            help: "Whether nodes whose birth was missed are asked for it (Node Control/Rebirth)."),
        ConfigurationKey(
            "sparkplug.queue", .integer, default: "10000",
            help: "Messages held at most while the bridge is busy; the oldest are dropped and counted."),
    ]

    public let services: [any Service]

    /// - Throws: `ConfigurationError` that names the key at fault.
    public init(configuration: ServiceConfiguration, context: ServiceContext) throws(ConfigurationError) {
        let group = try configuration.string("sparkplug.group")
        guard group == "+" || (BusFilter.isValidTopic(group) && !group.contains("/")) else {
            throw ConfigurationError(key: "sparkplug.group", "sparkplug.group: \"\(group)\" is no level of a topic")
        }
        let template = try SparkplugOutput(try configuration.string("sparkplug.topic"))
        let limit = try configuration.integer("sparkplug.queue")
        guard limit > 0 else {
            throw ConfigurationError(key: "sparkplug.queue", "sparkplug.queue: must be above 0, not \(limit)")
        }
        for counter in ["received", "published", "dropped", "rejected", "births", "deaths", "rebirths"] {
            context.board.setCount(counter, to: 0)
        }
        services = [
            SparkplugBridge(
                filter: "\(SparkplugTopic.namespace)/\(group)/#", output: template,
                asks: try configuration.boolean("sparkplug.rebirth"), limit: limit, context: context)
        ]
    }
}

/// The bridge's loop.
struct SparkplugBridge: Service {
    let filter: String
    let output: SparkplugOutput
    let asks: Bool
    let limit: Int
    let context: ServiceContext

    func run() async throws {
        try await cancelWhenGracefulShutdown {
            do { try await work() } catch let error as BusError where error.code == .closed {}
        }
    }

    private func work() async throws(BusError) {
        let subscription = try await context.bus.subscribe(
            to: [BusFilter(filter)], limit: limit, overflow: .dropOldest)
        var reader = SparkplugReader()
        while let batch = await subscription.next() {
            context.board.count("received", by: batch.count)
            for message in batch where !message.payload.isEmpty {
                do throws(SparkplugError) {
                    let updates = try reader.read(topic: message.topic, payload: message.payload)
                    for update in updates { try await publish(update) }
                } catch {
                    await context.rejects.reject(topic: message.topic, code: "\(error.code)", reason: error.message)
                }
            }
            guard asks else { continue }
            for command in reader.takeRebirths(now: context.now()) {
                try await send(BusMessage(topic: command.topic, payload: command.payload, qos: .atMostOnce))
                context.board.count("rebirths")
            }
        }
    }

    private func publish(_ update: SparkplugReader.Update) async throws(SparkplugError) {
        if let isOnline = update.isOnline { context.board.count(isOnline ? "births" : "deaths") }
        guard let message = output.message(update) else { return }
        do throws(BusError) { try await send(message) } catch {
            throw SparkplugError(.payload, "cannot be published: \(error)")
        }
    }

    /// While the broker is away what is said is dropped, as it would be on the broker itself.
    private func send(_ message: BusMessage) async throws(BusError) {
        do throws(BusError) {
            try await context.bus.publish(message)
            context.board.count("published")
        } catch {
            guard error.isRetriable else { throw error }
            context.board.count("dropped")
        }
    }
}
