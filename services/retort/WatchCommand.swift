import ArgumentParser
import FleetConsole
import UnixSignals

/// Shows a running fleet until Ctrl-C.
struct WatchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "watch",
        abstract: "Show a running fleet live; Ctrl-C ends.",
        discussion: """
            Devices, window rate, model version on each edge, accuracy of student and teacher, joules per inference, bytes \
            moved and training jobs, from the retained topics. On a terminal the picture is redrawn in place (NO_COLOR is \
            heeded); elsewhere a line is written every five seconds.

              retort watch --broker mqtt://localhost:1883
            """)

    @OptionGroup var cluster: ClusterOptions

    @Option(name: .customLong("for"), help: ArgumentHelp("Stop after so long.", valueName: "seconds"))
    var duration: Double?

    func validate() throws {
        if let duration, duration <= 0 || !duration.isFinite {
            throw ValidationError("--for needs seconds above 0, not \(duration)")
        }
    }

    func run() async throws {
        let signals = await UnixSignalsSequence(trapping: .sigint, .sigterm, .sighup)
        try await cluster.withClient { client in
            try await withThrowingTaskGroup(of: Void.self) { group in
                let watch = FleetWatch(client: client, now: ClusterOptions.now)
                group.addTask { try await watch.run() }
                group.addTask { for await _ in signals { return } }
                if let duration { group.addTask { try await Task.sleep(for: .seconds(duration)) } }
                defer { group.cancelAll() }
                try await group.next()
            }
        }
    }
}
