import BusAPI
import JSON
import Logging
import ModelArtifact
import ServiceLifecycle
import ServiceRuntime
import Telemetry

/// Receives tasks, windows, labels and the verdicts of others, and hands each to whoever keeps or answers it. Truth is never subscribed.
struct IntakeService: Service {
    let context: ServiceContext
    let collection: WindowCollection
    let verdicts: VerdictService
    /// Messages held at most; beyond, the oldest are dropped and counted.
    let limit: Int

    func run() async throws {
        try await cancelWhenGracefulShutdown {
            let topics = context.topics
            let subscription: BusSubscription
            do {
                subscription = try await context.bus.subscribe(
                    // Tasks first: the broker hands over what it retained in this order.
                    to: [
                        BusFilter(topics.filter("model", "+", "task")), BusFilter(topics.filter("label", "+", "+")),
                        BusFilter(topics.filter("window", "+", "+", "+")),
                        BusFilter(topics.filter("verdict", "+", "+", "+")),
                    ], limit: limit, overflow: .dropOldest)
            } catch  where Task.isCancelled {
                return
            }
            for await batch in subscription {
                for message in batch { await take(message) }
                context.board.setCount("intakeDropped", to: subscription.dropped)
            }
            subscription.cancel()
        }
    }

    /// Takes one message; what cannot be used is rejected and changes nothing.
    func take(_ message: BusMessage) async {
        context.board.count("received")
        do {
            switch context.topics.parse(message.topic) {
            case .task(let model):
                // An empty payload takes a task back; what was learnt for it stays until its windows expire.
                guard !message.payload.isEmpty else { return }
                let task = try TaskDocument(json: JSONValue(parsing: message.payload))
                guard task.name == model else {
                    throw Rejection(code: "model", reason: "the task is of \(task.name), its topic of \(model)")
                }
                try await collection.take(task: task)
            case .label(let device):
                try await collection.take(label: LabelMessage(payload: message.payload), device: device)
            case .window(let device, let model):
                let window = try WindowMessage(payload: message.payload)
                switch window.want {
                case .training: try await collection.take(window: window, device: device, model: model)
                case .verdict: try await verdicts.take(window, device: device, model: model)
                }
            case .verdict(let device, let model):
                let verdict = try VerdictMessage(payload: message.payload)
                guard !verdicts.isOwn(verdict.teacher) else { return }
                try await collection.take(verdict: verdict, device: device, model: model)
            default:
                throw Rejection(code: "topic", reason: "names in topics are [a-z0-9._-]+")
            }
        } catch let error as JSONError {
            let code = error.code == .tooLarge || error.code == .tooDeep ? "oversize" : "malformed"
            await context.rejects.reject(topic: message.topic, code: code, reason: error.description)
        } catch let error as Rejection {
            await context.rejects.reject(topic: message.topic, code: error.code, reason: error.reason)
        } catch {
            context.board.count("storageErrors")
            context.logger.error("a message could not be stored", metadata: [DistillationLogKeys.error: "\(error)"])
        }
    }
}
