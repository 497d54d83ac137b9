import BusAPI
import ServiceLifecycle
import ServiceRuntime

/// What the edge says, in three lanes that do not hold each other up. Producers never wait.
///
/// - **stream**: inferences. While the broker is away they are dropped and counted; they are already history.
/// - **latest**: states. Of each topic only the newest counts; what is retained is said again to a broker that returns.
/// - **uploads**: windows and revised inferences. They wait on disk while the broker is away.
final class Outbox: Service {
    let stream: StreamLane
    let latest: LatestLane
    let uploads: UploadLane

    init(context: ServiceContext, settings: EdgeSettings, spool: sending Spool, traffic: Traffic) {
        stream = StreamLane(context: context, limit: settings.publishQueue, traffic: traffic)
        latest = LatestLane(context: context, limit: settings.publishQueue, traffic: traffic)
        uploads = UploadLane(context: context, limit: settings.publishQueue, spool: spool, traffic: traffic)
    }

    /// Runs until graceful shutdown, then sends or spools what is left.
    func run() async throws {
        await withGracefulShutdownHandler {
            await withDiscardingTaskGroup { group in
                group.addTask { await self.stream.run() }
                group.addTask { await self.latest.run() }
                group.addTask { await self.uploads.run() }
            }
        } onGracefulShutdown: {
            self.stream.finish()
            self.latest.finish()
            self.uploads.finish()
        }
    }
}
