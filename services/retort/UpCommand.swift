import ArgumentParser
import BusMosquitto
import FleetConsole
import JSON
import Logging
import SystemPackage
import UnixSignals

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Starts broker and services on this machine and shows them.
struct UpCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "up",
        abstract: "Start the whole cluster on this machine and show it; Ctrl-C stops everything.",
        discussion: """
            Without --data the simulator plays its own scenes (motors whose bearings wear, wrists in several \
            activities) and the distiller trains by itself once it has seen enough of every class.

            With --data DIR it replays recordings: DIR holds CSV files (plain or .zst) with the columns t, the \
            channels and label. Files named test-* are kept for evaluation: their labels go to truth/ alone and never \
            reach training. Round 1 of training starts when every recording has played once; each further round starts \
            from the version before it.

            The state folder holds cluster.json (broker, processes), logs/, and what each service keeps. Exit status:
            0 when a person stopped it or the rounds are done, 1 when something failed, 64 for a wrong option, 69 where a
            program (mosquitto) or a service is missing.
            """)

    @Option(help: "Folder of recordings to replay instead of the generators' scenes.", completion: .directory)
    var data: String?
    @Option(
        help: "How many times faster than real time devices play (default: 10 for the generators, 1 for recordings).")
    var speed: Double?
    @Option(help: "At most so many recorded devices to train on, and half as many to evaluate on.") var people: Int?
    @Option(help: "Versions to train from recordings (default 2 with --data).") var rounds: Int?
    @Option(help: "Write the summary as JSON to this file and exit when the last round is scored.") var report: String?
    @Option(help: "Seconds after which an unfinished run with --report fails.") var timeout: Double = 1800
    @Option(help: "Use this broker, mqtt://[user:password@]host[:port], instead of starting a private one.")
    var broker: String?
    @Option(help: "First levels of every topic.") var root = "retort/v1"
    @Option(help: "Site names separated by commas; each gets an edge.") var sites = "north,south"
    @Flag(help: "Start no simulator: for sensors of your own.") var noSimulator = false
    @Option(help: "Folder of task files (default: services/model-registry/tasks here or beside the program).")
    var tasks: String?
    @Option(
        help: "Folder for state and logs; kept. Without it a temporary folder is used, and removed on success.",
        completion: .directory)
    var state: String?
    @Option(help: "Seed of generators and training.") var seed = 1
    @Option(name: .customLong("set"), help: "EXECUTABLE:KEY=VALUE, repeatable: a configuration key of one executable.")
    var settings: [String] = []
    @Option(help: "Log level of the services: trace, debug, info, notice, warning, error.") var logLevel = "info"

    func run() async throws {
        let started = Self.now()
        let programs = try Self.programFolder()
        let place = try StatePlace(named: state)
        var options = ClusterPlan.Options(tasks: try tasksFolder(programs))
        options.broker = broker
        options.root = root
        options.sites = sites.split(separator: ",").map(String.init)
        options.speed = speed ?? (data == nil ? 10 : nil)
        options.people = people
        options.seed = seed
        options.simulates = !noSimulator
        let page = try LocalCluster.port(preferring: 8080)
        // Later settings win, so one's own port is taken.
        options.settings = ["metrics-aggregator:http.port=\(page)"] + settings
        options.logLevel = logLevel
        options.configurations = Self.first(["services"]) { access("\($0)/model-registry/default.json", R_OK) == 0 }
        var session: UpSession.Rounds?
        if let data {
            let recordings = try RecordedFleet(folder: FilePath(data).absolute, tasks: options.tasks, state: place.path)
            options.data = recordings.folder
            options.tasks = recordings.tasks
            options.automaticJobs = false
            session = .init(
                model: recordings.model, count: rounds ?? 2, timeout: timeout, endsRun: report != nil)
        } else if rounds != nil || report != nil {
            throw ValidationError("--rounds and --report need --data: the generators' scenes have no end")
        }
        let plan = try ClusterPlan(options: options, state: place.path)

        var logger = Logger(label: "retort", factory: { StreamLogHandler.standardError(label: $0) })
        logger.logLevel = .warning
        let busLogger = logger
        let cluster = LocalCluster(plan: plan, programs: programs, logger: logger) { options in
            try MosquittoBus(options: options, logger: busLogger)
        }
        Self.say("state and logs: \(place.path.string)")
        if !settings.contains(where: { $0.hasPrefix("metrics-aggregator:http.port=") }) {
            Self.say("dashboard: http://127.0.0.1:\(page)/")
        }
        let followed = session
        let outcome = try await Self.untilSignal {
            try await cluster.run(say: { Self.say($0) }) { running in
                try await UpSession(
                    cluster: running, edges: plan.options.sites.count, rounds: followed, started: started, now: Self.now
                ).follow()
            }
        }
        switch outcome {
        case nil: Self.say("stopped")
        case .failed(let reason): throw FleetConsoleError(.failed, reason)
        case .finished(let result):
            Self.say("\n" + result.text)
            if let report { try place.write(result.json.prettyText, to: FilePath(report)) }
        }
        try await place.removeIfTemporary()
    }

    /// Unbuffered, so that it stands in order with the live view also where output is no terminal.
    @Sendable private static func say(_ text: String) {
        // A closed terminal is no reason to stop a cluster.
        _ = try? FileDescriptor.standardOutput.writeAll(Array((text + "\n").utf8))
    }

    /// The result of `body`, or nothing where a signal ended it.
    private static func untilSignal<T: Sendable>(_ body: @escaping @Sendable () async throws -> T) async throws -> T? {
        let signals = await UnixSignalsSequence(trapping: .sigint, .sigterm, .sighup)
        return try await withThrowingTaskGroup(of: T?.self) { group in
            group.addTask { try await body() }
            group.addTask {
                for await _ in signals { return nil }
                throw CancellationError()
            }
            guard let first = try await group.next() else { return nil }
            group.cancelAll()
            // The body has to have stopped its processes before anything else happens.
            while let _ = try? await group.next() {}
            return first
        }
    }

    @Sendable private static func now() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    /// The folder of this program, where its siblings are.
    private static func programFolder() throws -> FilePath {
        var buffer = [CChar](repeating: 0, count: 4096)
        let length = readlink("/proc/self/exe", &buffer, buffer.count - 1)
        let path =
            length > 0
            ? String(decoding: buffer[..<length].map { UInt8(bitPattern: $0) }, as: UTF8.self)
            : CommandLine.arguments[0]
        return FilePath(path).absolute.removingLastComponent()
    }

    private func tasksFolder(_ programs: FilePath) throws -> FilePath {
        let candidates = [
            tasks, "services/model-registry/tasks", programs.appending("../share/retort/tasks").string,
            programs.appending("../../../services/model-registry/tasks").string,
        ].compactMap(\.self)
        guard let folder = Self.first(candidates, where: { access($0, R_OK) == 0 }) else {
            throw ValidationError("no folder of tasks was found; name one with --tasks")
        }
        return folder
    }

    private static func first(_ paths: [String], where holds: (String) -> Bool) -> FilePath? {
        paths.first(where: holds).map { FilePath($0).absolute }
    }
}

extension FilePath {
    /// The path from the root, with `..` resolved by name.
    var absolute: FilePath {
        guard isRelative else { return lexicallyNormalized() }
        var buffer = [CChar](repeating: 0, count: 4096)
        guard let folder = getcwd(&buffer, buffer.count) else { return self }
        return FilePath(String(cString: folder)).pushing(self).lexicallyNormalized()
    }
}
