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

/// What it costs one registry to update a fleet.
@main
struct RegistryLoad: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "registry-load",
        abstract: "Lets thousands of simulated edges need one update from one registry over a real mosquitto.",
        discussion: """
            For each count of edges and of bases: starts a broker and a registry, releases as many students as there are
            bases, has every edge report that it runs one of them, then releases the next student and waits until every
            edge has it. Edges are simulated, many on one connection: they wait for the offer from their base, ask for
            chunks after a random wait, ask again where none come, and report. Their signatures, decoding and golden
            vectors are left out: they are no cost of the registry's.
            """)

    @Option(help: "Folder of the executables.") var programs = ".build/release"
    @Option(help: "Folder of the registry's tasks.") var tasks = "services/model-registry/tasks"
    @Option(help: "Folder for state and logs; must not exist.") var state: String
    @Option(help: "Counts of edges, separated by commas.") var edges = "1000,10000"
    @Option(help: "Counts of bases that they run, separated by commas.") var bases = "1,4"
    @Option(help: "Connections that the edges share.") var connections = 50
    @Option(help: "Bytes of a chunk; small, so that an update takes several.") var chunkSize = 1024
    @Option(help: "File for the rows.") var json: String?

    func run() async throws {
        func numbers(_ text: String) -> [Int] { text.split(separator: ",").compactMap { Int($0) } }
        guard numbers(edges).allSatisfy({ $0 >= connections }), connections > 0, !numbers(bases).isEmpty else {
            throw ValidationError("every connection needs at least one edge")
        }
        print(UpdateCost.header)
        var costs: [UpdateCost] = []
        for bases in numbers(bases) {
            for edges in numbers(edges) {
                let cost = try await measure(edges: edges, bases: bases)
                print(cost.line)
                costs.append(cost)
            }
        }
        print("\n" + UpdateCost.comparison(costs))
        if let json { try Self.write(UpdateCost.rows(costs).prettyText, to: json) }
    }

    private func measure(edges: Int, bases: Int) async throws -> UpdateCost {
        let logger = Logger(label: "registry-load") { _ in SwiftLogNoOpLogHandler() }
        var options = ClusterPlan.Options(tasks: FilePath(tasks))
        options.sites = ["north"]
        options.logLevel = "warning"
        options.settings = ["model-registry:registry.chunkSize=\(chunkSize)"]
        var plan = try ClusterPlan(options: options, state: FilePath("\(state)/\(edges)-\(bases)"))
        plan.services.removeAll { $0.executable != "model-registry" }
        let connect: @Sendable (BusConnectionOptions) async throws -> any MessageBus = {
            try MosquittoBus(options: $0, logger: logger)
        }
        let cluster = LocalCluster(plan: plan, programs: FilePath(programs), logger: logger, connect: connect)
        return try await cluster.run(say: { _ in }) { running in
            guard let registry = running.processes.first(where: { $0.name.hasPrefix("model-registry") }) else {
                throw ValidationError("no registry runs")
            }
            let broker = try BusURL(running.brokerURL)
            let fleet = try await SimulatedFleet(
                edges: edges, connections: connections, topics: running.topics
            ) { try await connect(BusConnectionOptions(host: broker.host, port: broker.port, clientID: $0)) }
            let rollOut = RollOut(
                bus: running.bus, topics: running.topics, registry: registry.process, fleet: fleet)
            let result: Result<UpdateCost, any Error>
            do { result = .success(try await rollOut.run(edges: edges, bases: bases)) } catch {
                result = .failure(error)
            }
            await fleet.close()
            return try result.get()
        }
    }

    private static func write(_ text: String, to path: String) throws {
        let file = try FileDescriptor.open(
            FilePath(path), .writeOnly, options: [.create, .truncate],
            permissions: [.ownerReadWrite, .groupRead, .otherRead])
        try file.closeAfter { _ = try file.writeAll(Array(text.utf8)) }
    }
}
