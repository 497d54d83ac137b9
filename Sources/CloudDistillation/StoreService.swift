import Logging
import ServiceLifecycle
import ServiceRuntime

/// Writes what the others gather. Stands first among the services, so that it is the last to stop.
struct StoreService: Service {
    let context: ServiceContext
    let database: DistillerDatabase

    func run() async throws {
        await cancelWhenGracefulShutdown {
            await database.run { error in
                context.board.count("storageErrors")
                context.logger.error("storing failed", metadata: [DistillationLogKeys.error: "\(error)"])
            }
        }
        try await database.close()
    }
}
