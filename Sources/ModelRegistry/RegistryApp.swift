import Logging
import ModelArtifact
public import ServiceLifecycle
public import ServiceRuntime

/// The model registry: keeps tasks and versions, signs releases, offers deltas and serves their bytes.
public struct RegistryApp: Sendable {
    public static let keys = RegistrySettings.keys

    public let store: VersionStore
    /// In the order they start; each ends by itself on graceful shutdown.
    public let services: [any Service]
    private let context: ServiceContext
    private let onChange: @Sendable () -> Void

    /// Opens the state and reads the task files.
    ///
    /// - Throws: `ConfigurationError`, `StorageError`, ``RegistryError``.
    public init(configuration: ServiceConfiguration, context: ServiceContext) async throws {
        let settings = try RegistrySettings(configuration)
        let store = try await VersionStore(folder: context.stateDirectory, settings: settings, now: context.now())
        self.store = store
        self.context = context
        let announcer = RetainedAnnouncer(store: store, context: context, chunkSize: settings.chunkSize)
        let offers = OfferBook(store: store, context: context, bases: settings.bases) { announcer.refresh() }
        let onChange: @Sendable () -> Void = {
            announcer.refresh()
            offers.refresh()
        }
        self.onChange = onChange
        let chunks = ChunkServer(store: store, context: context, settings: settings)
        let candidates = CandidateDesk(store: store, context: context, settings: settings, onChange: onChange)
        services = [
            StoreCloser(store: store), announcer, offers, chunks, candidates,
            FleetDesk(store: store, context: context, offers: offers, chunks: chunks),
            RenewalTimer(
                store: store, context: context, candidates: candidates,
                interval: .seconds(min(30, Double(settings.expiry.timestamp) / 8)), onChange: onChange),
        ]
        RegistryMetrics(store: store, logger: context.logger).register(with: context.metrics)
        if store.isDevelopment {
            context.logger.warning(
                "Releases are signed with development keys, which this registry made itself",
                metadata: [RegistryLogKeys.path: "\(context.stateDirectory)/trust/keys.json"])
        }
        if let folder = settings.taskFolder { try await load(folder) }
    }

    private func load(_ folder: String) async throws {
        for file in try TaskFiles.read(folder) {
            do {
                guard
                    let task = try await store.propose(
                        file.task, file: (file.name, file.digest), now: context.now())
                else { continue }
                context.logger.info(
                    "A task was loaded",
                    metadata: [
                        RegistryLogKeys.model: "\(task.document.name)", RegistryLogKeys.revision: "\(task.revision)",
                    ])
            } catch let error as RegistryError where error.code == .refused {
                // The task as it is goes on serving its students; the operator sees why the file has no effect.
                context.board.count("tasksRefused")
                context.logger.error(
                    "A task file has no effect",
                    metadata: [RegistryLogKeys.path: "\(file.name)", RegistryLogKeys.reason: "\(error)"])
            }
        }
    }

    /// Signs metadata again that is past half of its life; the services do so by themselves.
    ///
    /// - Returns: whether anything was signed.
    /// - Throws: `StorageError`, ``RegistryError``.
    public func renew() async throws -> Bool {
        guard try await store.renew(now: context.now()) else { return false }
        onChange()
        return true
    }
}
