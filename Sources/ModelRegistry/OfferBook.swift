import Logging
import ModelArtifact
import ModelDelta
import ServiceLifecycle
import ServiceRuntime

/// Makes the frames that bring edges to the released student: the full one, and a delta for each base in use.
///
/// Encoding runs in this loop alone, so neither candidates nor requests for chunks wait for it.
actor OfferBook: Service {
    private static let askedLimit = 256

    private let store: VersionStore
    private let context: ServiceContext
    private let bases: Int
    private let onChange: @Sendable () -> Void
    private nonisolated let wakeup = Wakeup()
    /// Bases that edges asked for, by model.
    private var asked: [String: Set<String>] = [:]

    init(store: VersionStore, context: ServiceContext, bases: Int, onChange: @escaping @Sendable () -> Void) {
        self.store = store
        self.context = context
        self.bases = bases
        self.onChange = onChange
    }

    /// Looks for missing offers soon.
    nonisolated func refresh() { wakeup.wake() }

    /// Notes that an edge wants to start from a base.
    func ask(model: String, base: String) {
        if asked[model, default: []].count < Self.askedLimit { asked[model, default: []].insert(base) }
        refresh()
    }

    func run() async throws {
        refresh()
        for await _ in wakeup.events.cancelOnGracefulShutdown() {
            for offer in try await store.missingOffers(asked: asked, limit: bases) { try await make(offer) }
        }
    }

    private func make(_ offer: VersionStore.MissingOffer) async throws {
        guard let target = try await store.student(model: offer.model, digest: offer.target) else {
            throw RegistryError(.inconsistent, "version \(offer.version) of \(offer.model) has no bytes")
        }
        let base = try await store.student(model: offer.model, digest: offer.base)
        let delta: DeltaFrame
        do {
            delta = try await Self.encode(base: base, target: target)
        } catch {
            // The full frame is there for every edge, so a delta that cannot be made is no reason to stop.
            context.board.count("offersFailed")
            context.logger.error(
                "An offer could not be made",
                metadata: [
                    RegistryLogKeys.model: "\(offer.model)", RegistryLogKeys.base: "\(offer.base)",
                    RegistryLogKeys.error: "\(error)",
                ])
            return
        }
        guard
            try await store.keep(
                delta.bytes, method: delta.method.rawValue, for: offer, now: context.now())
        else { return }
        context.board.count("offersMade")
        context.logger.info(
            "An offer was made",
            metadata: [
                RegistryLogKeys.model: "\(offer.model)", RegistryLogKeys.version: "\(offer.version)",
                RegistryLogKeys.base: "\(offer.base)", RegistryLogKeys.method: "\(delta.method.rawValue)",
                RegistryLogKeys.bytes: "\(delta.bytes.count)",
            ])
        onChange()
    }

    @concurrent
    private static func encode(base: [UInt8]?, target: [UInt8]) async throws -> DeltaFrame {
        try DeltaCodec.encode(base: base, target: target)
    }
}
