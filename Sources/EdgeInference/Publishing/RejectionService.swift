import ServiceLifecycle

/// Says on the bus what was refused, until graceful shutdown.
struct RejectionService: Service {
    let rejections: Rejections

    func run() async throws {
        await withGracefulShutdownHandler {
            await rejections.run()
        } onGracefulShutdown: {
            rejections.finish()
        }
    }
}
