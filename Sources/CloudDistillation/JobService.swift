import BusAPI
import Logging
import ServiceLifecycle
import ServiceRuntime
import Telemetry

/// Receives job requests and the registry's answers, trains one job at a time, and repeats offers.
struct JobService: Service {
    let context: ServiceContext
    let desk: JobDesk
    /// Seconds between looks at what is due.
    let tickSeconds: Double

    func run() async throws {
        let stop = StopFlag()
        let topics = context.topics
        let filters = [
            topics.filter("model", "+", "task"),
            topics.filter("availability", "service", context.executable, "+"),
            topics.filter("model", "+", "candidate", "+"),
            topics.filter("model", "+", "candidate", "+", "result"), topics.filter("job", "request"),
        ]
        try await withTaskCancellationOrGracefulShutdownHandler {
            try await withThrowingDiscardingTaskGroup { group in
                group.addTask {
                    try await cancelWhenGracefulShutdown {
                        let subscription: BusSubscription
                        do {
                            subscription = try await context.bus.subscribe(
                                to: filters.map { BusFilter($0) }, limit: 4096, overflow: .dropOldest)
                        } catch  where Task.isCancelled {
                            return
                        }
                        for await batch in subscription {
                            for message in batch { await desk.receive(message) }
                        }
                        subscription.cancel()
                    }
                }
                group.addTask {
                    for await progress in desk.outbox { await say(progress) }
                }
                group.addTask {
                    // Within its own group, so that a shutdown ends the training and this loop after it.
                    for await request in desk.starts { await desk.work(request, stop: stop) }
                }
                group.addTask {
                    await cancelWhenGracefulShutdown {
                        while !Task.isCancelled {
                            await desk.tick()
                            // Only cancellation interrupts the sleep.
                            do { try await Task.sleep(for: .seconds(tickSeconds)) } catch { return }
                        }
                    }
                }
            }
        } onCancelOrGracefulShutdown: {
            stop.set()
            desk.finish()
        }
    }

    private func say(_ progress: JobProgress) async {
        do {
            try await context.publish(progress, on: .jobProgress(id: progress.id))
        } catch {
            context.board.count("progressUnsent")
        }
    }
}
