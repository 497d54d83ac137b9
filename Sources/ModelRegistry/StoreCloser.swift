import ServiceLifecycle

/// Closes the state when all who use it have stopped: services stop in the reverse of their order, and this is first.
struct StoreCloser: Service {
    let store: VersionStore

    func run() async throws {
        do {
            try await gracefulShutdown()
        } catch {
            // Cancelled: others may still be writing, and nothing committed needs a close to be safe.
            return
        }
        try await store.close()
    }
}
