import ArgumentParser
import BusAPI
import BusMosquitto
import FleetConsole
import JSON
import LoadTesting
import Logging
import ServiceRuntime
import SystemPackage
import Telemetry

/// How many decisions a second one aggregator counts, and how fast it answers questions about a week.
@main
struct AggregationLoad: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "aggregation-load",
        abstract: "Floods one aggregator with decisions over a real mosquitto, then asks it about a week.",
        discussion: """
            Starts a broker and an aggregator with its defaults. First every device decides many times in each hour of
            the last week, and the questions that a dashboard asks are timed. Then decisions come at a constant rate for
            some minutes: every one is scored by a truth, one in fifty has a verdict, and all are kept in SQLite. At the
            end the counts must be exact. With --peer the same load goes to an aggregator written with paho-mqtt and
            sqlite3.
            """)

    @Option(help: "Folder of the executables.") var programs = ".build/release"
    @Option(help: "Folder of the registry's tasks.") var tasks = "services/model-registry/tasks"
    @Option(help: "Folder for state and logs; must not exist.") var state: String
    @Option(help: "Python with paho-mqtt, for the peer.") var peer: String?
    @Option(help: "File of the peer.") var peerProgram = "Benchmarks/peers/aggregation.py"
    @Option(help: "Devices that decide.") var devices = 1000
    @Option(help: "Decisions a second.") var rate = 20_000.0
    @Option(help: "Seconds of that rate.") var seconds = 600
    @Option(help: "Seconds of that rate for the peer.") var peerSeconds = 30
    @Option(help: "Port for the aggregator's HTTP.") var port = 18_080
    @Option(help: "File for the rows.") var json: String?

    func run() async throws {
        let logger = Logger(label: "aggregation-load") { _ in SwiftLogNoOpLogHandler() }
        var options = ClusterPlan.Options(tasks: FilePath(tasks))
        options.sites = []
        options.logLevel = "warning"
        options.settings = ["metrics-aggregator:http.port=\(port)"]
        var plan = try ClusterPlan(options: options, state: FilePath(state))
        plan.services.removeAll { $0.executable != "metrics-aggregator" }
        let cluster = LocalCluster(plan: plan, programs: FilePath(programs), logger: logger) {
            try MosquittoBus(options: $0, logger: logger)
        }
        let report = try await cluster.run(say: { _ in }) { try await measure($0) }
        print(report.conclusion)
        if let json { try Self.write(report.rows.prettyText, to: json) }
    }

    private func measure(_ running: LocalCluster.Running) async throws -> AggregationReport {
        guard let aggregator = running.processes.first(where: { $0.name.hasPrefix("metrics-aggregator") }) else {
            throw ValidationError("no aggregator runs")
        }
        var report = AggregationReport(devices: devices, rate: rate)
        let load = DecisionLoad(bus: running.bus, root: running.topics, devices: devices)
        let watch = try await CounterWatch(running, .fleetSummary) { try FleetSummary(payload: $0).windows }
        try await load.sayTruths()
        print("A week of \(devices) devices")
        try await load.sendWeek(rate: rate)
        try await watch.reaches(load.sent)
        report.queries = try await WeekQueries(port: port, now: load.now).run()
        for query in report.queries { print(query.line) }
        print("\n\(AggregationReport.header)")
        report.steps = try await flood(load, watch, aggregator.process, seconds, step: max(5, seconds / 20)) {
            print(AggregationReport.line($0))
        }
        try await watch.reaches(load.sent)
        try await load.check(running.bus)
        report.decisions = load.sent
        guard let peer else { return report }
        let process = try await PeerProcess.start(
            python: peer, program: peerProgram, arguments: [running.brokerURL, "\(state)/peer.sqlite"])
        let result: Result<[AggregationReport.Step], any Error>
        do {
            let watch = try await CounterWatch(running, .status(executable: "aggregator-peer", instance: "peer")) {
                try StatusMessage(payload: $0).counters["decisions"] ?? 0
            }
            try await load.sayTruths()
            print("\npaho-mqtt and sqlite3\n\(AggregationReport.header)")
            var steps: [AggregationReport.Step] = []
            for share in [0.125, 0.25, 0.5, 1] {
                steps += try await flood(
                    load, watch, process.identifier, peerSeconds, step: peerSeconds, rate: rate * share
                ) { print(AggregationReport.line($0)) }
            }
            result = .success(steps)
        } catch { result = .failure(error) }
        await process.stop()
        report.peer = try result.get()
        return report
    }

    /// Sends at a rate, and tells what the aggregator made of it every few seconds.
    private func flood(
        _ load: DecisionLoad, _ watch: CounterWatch, _ process: Int32, _ seconds: Int, step: Int, rate: Double? = nil,
        say: (AggregationReport.Step) -> Void
    ) async throws -> [AggregationReport.Step] {
        let rate = rate ?? self.rate
        let sender = Task { try await load.send(rate: rate) }
        defer { sender.cancel() }
        var steps: [AggregationReport.Step] = []
        var before = try AggregationReport.Reading(sent: load.sent, counted: watch.count, process: process)
        for _ in 0..<max(1, seconds / step) {
            try await Task.sleep(for: .seconds(step))
            let now = try AggregationReport.Reading(sent: load.sent, counted: watch.count, process: process)
            let new = AggregationReport.Step(offered: rate, from: before, to: now)
            say(new)
            steps.append(new)
            before = now
        }
        sender.cancel()
        _ = try await sender.value
        return steps
    }

    private static func write(_ text: String, to path: String) throws {
        let file = try FileDescriptor.open(
            FilePath(path), .writeOnly, options: [.create, .truncate],
            permissions: [.ownerReadWrite, .groupRead, .otherRead])
        try file.closeAfter { _ = try file.writeAll(Array(text.utf8)) }
    }
}
