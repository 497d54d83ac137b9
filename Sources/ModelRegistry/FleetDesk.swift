import BusAPI
import JSON
import Logging
import ServiceLifecycle
import ServiceRuntime
import Telemetry

/// Hears what edges run and what they need.
struct FleetDesk: Service {
    let store: VersionStore
    let context: ServiceContext
    let offers: OfferBook
    let chunks: ChunkServer

    func run() async throws {
        let topics = context.topics
        let subscription = try await context.bus.subscribe(
            to: [
                BusFilter(topics.filter("model", "+", "installed", "+", "+")),
                BusFilter(topics.filter("model", "+", "need", "+", "+")),
            ], limit: 4096, overflow: .dropOldest)
        for await batch in subscription.cancelOnGracefulShutdown() {
            for message in batch { await handle(message) }
            context.board.setCount("dropped.fleet", to: subscription.dropped)
        }
        subscription.cancel()
    }

    private func handle(_ message: BusMessage) async {
        context.board.count("received")
        do {
            switch context.topics.parse(message.topic) {
            case .installed(let model, let edge): try await handleInstalled(model, edge, message)
            case .need(let model, let edge): try await handleNeed(model, edge, message)
            default:
                await context.rejects.reject(
                    topic: message.topic, code: "topic", reason: "the names in this topic are not valid")
            }
        } catch let error as JSONError {
            await context.rejects.reject(topic: message.topic, code: "malformed", reason: "\(error)")
        } catch {
            // Storage: the report is retained and the request repeated.
            context.board.count("failures")
            context.logger.error(
                "A message could not be dealt with",
                metadata: [RegistryLogKeys.topic: "\(message.topic)", RegistryLogKeys.error: "\(error)"])
        }
    }

    private func handleInstalled(_ model: String, _ edge: EdgeID, _ message: BusMessage) async throws {
        guard !message.payload.isEmpty else {
            try await store.forget(model: model, edge: edge)
            return
        }
        let report = try InstalledMessage(payload: message.payload)
        guard report.digest.map(ChunkedBytes.isDigest) ?? true else {
            throw JSONError(.wrongType, "digest: 64 lower-case hexadecimal digits are needed")
        }
        if try await store.record(report, model: model, edge: edge) { offers.refresh() }
    }

    private func handleNeed(_ model: String, _ edge: EdgeID, _ message: BusMessage) async throws {
        guard !message.payload.isEmpty else { return }
        let need = try NeedMessage(payload: message.payload)
        guard need.model == model, need.edge == edge.edge else {
            throw JSONError(.wrongType, "model, edge: not those of the topic")
        }
        context.board.count("needs")
        guard let frame = need.frame else {
            await offers.ask(model: model, base: need.base)
            return
        }
        if let fault = try await chunks.need(frame: frame, missing: need.missing) {
            await context.rejects.reject(topic: message.topic, code: fault.code, reason: fault.reason)
        }
    }
}
