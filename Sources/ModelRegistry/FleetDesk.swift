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
            ], limit: Self.queueLimit, overflow: .dropOldest)
        for await batch in subscription.cancelOnGracefulShutdown() {
            // All reports of a batch are one transaction: a fleet that reports at once costs a few, not one an edge.
            var reports: [VersionStore.Report] = []
            for message in batch {
                if let report = await handle(message) { reports.append(report) }
            }
            await record(reports)
            context.board.setCount("dropped.fleet", to: subscription.dropped)
        }
        subscription.cancel()
    }

    /// Messages held while the store is busy: the retained reports of a large fleet come all at once.
    private static let queueLimit = 32_768

    /// - Returns: what an edge says that it runs, which is still to be stored.
    private func handle(_ message: BusMessage) async -> VersionStore.Report? {
        context.board.count("received")
        do {
            switch context.topics.parse(message.topic) {
            case .installed(let model, let edge): return try report(model, edge, message)
            case .need(let model, let edge): try await handleNeed(model, edge, message)
            default:
                await context.rejects.reject(
                    topic: message.topic, code: "topic", reason: "the names in this topic are not valid")
            }
        } catch let error as JSONError {
            await context.rejects.reject(topic: message.topic, code: "malformed", reason: "\(error)")
        } catch {
            // Storage: the request is repeated.
            context.board.count("failures")
            context.logger.error(
                "A message could not be dealt with",
                metadata: [RegistryLogKeys.topic: "\(message.topic)", RegistryLogKeys.error: "\(error)"])
        }
        return nil
    }

    private func report(
        _ model: String, _ edge: EdgeID, _ message: BusMessage
    ) throws(JSONError) -> VersionStore.Report {
        guard !message.payload.isEmpty else { return VersionStore.Report(model: model, edge: edge, message: nil) }
        let report = try InstalledMessage(payload: message.payload)
        guard report.digest.map(ChunkedBytes.isDigest) ?? true else {
            throw JSONError(.wrongType, "digest: 64 lower-case hexadecimal digits are needed")
        }
        return VersionStore.Report(model: model, edge: edge, message: report)
    }

    private func record(_ reports: [VersionStore.Report]) async {
        guard !reports.isEmpty else { return }
        do {
            if try await store.record(reports) { offers.refresh() }
        } catch {
            // They are retained, and come again with the next connection.
            context.board.count("failures")
            context.logger.error(
                "What edges run could not be stored", metadata: [RegistryLogKeys.error: "\(error)"])
        }
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
