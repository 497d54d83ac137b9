import ArgumentParser
import FleetConsole
import UnixSignals

/// Shows a running fleet until Ctrl-C.
struct WatchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "watch",
        abstract: "Show a running fleet live; Ctrl-C ends.",
        discussion: """
            Devices, window rate, model version on each edge, accuracy of student and teacher, joules per inference and how \
            both went, bytes moved and training jobs, from the retained topics. On a terminal the picture is redrawn in \
            place; elsewhere a line is written every five seconds. What is old is called old: how long ago something was \
            heard, whether the aggregator or the broker is gone.

              retort watch --broker mqtt://localhost:1883
              retort watch --once
              retort watch --json | jq '.summary.windowsPerSecond'

            --json writes an object a line, on each second in which something came: {"t", "heardSecondsAgo", "summary" (as \
            on fleet/summary), "edges": [{"site", "edge", "state", "models": {...}}], "jobs": [...], "services": {...}, \
            "rejects": [...]}.
            """)

    @OptionGroup var cluster: ClusterOptions

    @Option(name: .customLong("for"), help: ArgumentHelp("Stop after so long.", valueName: "seconds"))
    var duration: Double?
    @Flag(help: "Show the fleet as it is now, and end.") var once = false
    @Flag(help: "Write JSON.") var json = false

    func validate() throws {
        if let duration {
            guard duration > 0, duration.isFinite else {
                throw ValidationError("--for needs seconds above 0, not \(duration)")
            }
            guard !once else { throw ValidationError("--once ends by itself; --for goes without it") }
        }
    }

    func run() async throws {
        let signals = await UnixSignalsSequence(trapping: .sigint, .sigterm, .sighup)
        try await cluster.withClient { client in
            let watch = FleetWatch(client: client, form: json ? .json : .picture, now: ClusterOptions.now)
            if once { return print(try await watch.once()) }
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await watch.run() }
                group.addTask { for await _ in signals { return } }
                if let duration { group.addTask { try await Task.sleep(for: .seconds(duration)) } }
                defer { group.cancelAll() }
                try await group.next()
            }
        }
    }
}
