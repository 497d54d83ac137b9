import Logging
import ServiceLifecycle
import ServiceRuntime

/// Signs metadata again in good time, and ends candidates whose chunks stopped coming.
struct RenewalTimer: Service {
    let store: VersionStore
    let context: ServiceContext
    let candidates: CandidateDesk
    let interval: Duration
    let onChange: @Sendable () -> Void

    func run() async throws {
        do {
            try await cancelWhenGracefulShutdown {
                while true {
                    try await Task.sleep(for: interval)
                    await tick()
                }
            }
        } catch is CancellationError {
            // The end of the process.
        }
    }

    func tick() async {
        await candidates.expire()
        do {
            if try await store.renew(now: context.now()) { onChange() }
        } catch {
            // Half of each document's life is left for this to get better.
            context.board.count("failures")
            context.logger.error("Metadata could not be renewed", metadata: [RegistryLogKeys.error: "\(error)"])
        }
    }
}
