import ArgumentParser
import BusAPI
import BusMosquitto
import FleetConsole
import JSON
import LoadTesting
import Logging
import ModelArtifact
import ServiceRuntime
import SystemPackage
import Telemetry

/// How many messages a second one edge sustains.
@main
struct EdgeLoad: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "edge-load",
        abstract: "Floods one edge over a real mosquitto until it no longer keeps up.",
        discussion: """
            Starts a broker, a registry and an edge, releases a student of the activity task's size, and publishes
            telemetry of wrists (six channels at 20 Hz, one second a message) at a rate that doubles until the edge
            falls behind, then halves the interval twice. The edge runs with its defaults: it publishes every
            inference, uploads its share of windows and meters energy. With --peer the same load goes to an edge
            written with paho-mqtt and numpy.
            """)

    @Option(help: "Folder of the executables.") var programs = ".build/release"
    @Option(help: "Folder of the registry's tasks.") var tasks = "services/model-registry/tasks"
    @Option(help: "Folder for state and logs; must not exist.") var state: String
    @Option(help: "Python with paho-mqtt and numpy, for the peer.") var peer: String?
    @Option(help: "File of the peer.") var peerProgram = "Benchmarks/peers/edge.py"
    @Option(help: "Devices that publish.") var devices = 200
    @Option(help: "Messages a second to begin with.") var rate = 1000.0
    @Option(help: "File for the rows.") var json: String?

    func run() async throws {
        let logger = Logger(label: "edge-load") { _ in SwiftLogNoOpLogHandler() }
        var options = ClusterPlan.Options(tasks: FilePath(tasks))
        options.sites = ["north"]
        options.logLevel = "warning"
        var plan = try ClusterPlan(options: options, state: FilePath(state))
        plan.services.removeAll { !["model-registry", "edge-inferencer"].contains($0.executable) }
        let cluster = LocalCluster(plan: plan, programs: FilePath(programs), logger: logger) {
            try MosquittoBus(options: $0, logger: logger)
        }
        let report = try await cluster.run(say: { _ in }) { try await measure($0) }
        print(Self.conclusion(report))
        if let json { try Self.write(report.rows.prettyText, to: json) }
    }

    private func measure(_ running: LocalCluster.Running) async throws -> LoadReport {
        try await release(running)
        guard let edge = running.processes.first(where: { $0.name.hasPrefix("edge-inferencer") }) else {
            throw ValidationError("no edge runs")
        }
        let ours = Subject(
            name: "edge-inferencer", process: edge.process, site: "north",
            status: .status(executable: "edge-inferencer", instance: "gw-north"))
        var report = LoadReport(ours: try await ramp(ours, running), peer: [])
        guard let peer else { return report }
        let process = try await PeerProcess.start(
            python: peer, program: peerProgram, arguments: [running.brokerURL, "peer"])
        let subject = Subject(
            name: "paho-mqtt and numpy", process: process.identifier, site: "peer",
            status: .status(executable: "edge-peer", instance: "peer"))
        let result: Result<[Subject.Rates], any Error>
        do { result = .success(try await ramp(subject, running)) } catch { result = .failure(error) }
        await process.stop()
        report.peer = try result.get()
        return report
    }

    private func ramp(_ subject: Subject, _ running: LocalCluster.Running) async throws -> [Subject.Rates] {
        print("\n\(subject.name), messages a second\n\(LoadReport.header)")
        return try await Ramp(bus: running.bus, topics: running.topics, devices: devices, first: rate).run(subject) {
            print(LoadReport.line($0))
        }
    }

    /// Has the registry release the student, and waits until the edge runs it.
    private func release(_ running: LocalCluster.Running) async throws {
        let (bus, topics) = (running.bus, running.topics)
        let retained = try await bus.subscribe(
            to: [
                BusFilter(topics.string(.task(model: "activity"))),
                BusFilter(topics.string(.installed(model: "activity", EdgeID(site: "north", edge: "gw-north")))),
            ], limit: 1000, overflow: .dropOldest)
        defer { retained.cancel() }
        for await batch in retained {
            for message in batch where !message.payload.isEmpty {
                switch topics.parse(message.topic) {
                case .task:
                    let task = try TaskDocument(json: try JSONValue(parsing: message.payload))
                    let student = try ReferenceStudent.make(task: task)
                    let candidate = try ReferenceStudent.candidate(student, now: WallClock.now())
                    try await bus.publish(
                        BusMessage(
                            topic: topics.string(.candidate(model: "activity", digest: candidate.message.digest)),
                            payload: candidate.message.payload))
                    try await bus.publish(
                        BusMessage(
                            topic: topics.string(.chunk(digest: candidate.message.content.frame, index: 0)),
                            payload: candidate.frame))
                case .installed:
                    if try InstalledMessage(payload: message.payload).state == .running { return }
                default: continue
                }
            }
        }
    }

    private static func conclusion(_ report: LoadReport) -> String {
        var lines = [""]
        for (name, steps) in [("edge-inferencer", report.ours), ("paho-mqtt and numpy", report.peer)] {
            guard let best = LoadReport.best(steps) else { continue }
            let samples = best.handled * Double(TelemetryLoad.rows)
            lines.append(
                "\(name) sustains \(Int(best.handled)) messages (\(Int(samples)) samples) a second with "
                    + "\(JSONValue(best.processors, places: 2).text) cores")
        }
        return lines.joined(separator: "\n")
    }

    private static func write(_ text: String, to path: String) throws {
        let file = try FileDescriptor.open(
            FilePath(path), .writeOnly, options: [.create, .truncate],
            permissions: [.ownerReadWrite, .groupRead, .otherRead])
        try file.closeAfter { _ = try file.writeAll(Array(text.utf8)) }
    }
}
