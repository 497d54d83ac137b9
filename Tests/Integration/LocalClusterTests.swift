import BusAPI
import BusMosquitto
import FleetConsole
import Foundation
import Logging
import Synchronization
import SystemPackage
import Testing

/// The supervisor with a real broker and small scripts in the services' places.
@Suite("A cluster of processes", .serialized)
final class LocalClusterTests: Sendable {
    private let folder = FilePath(NSTemporaryDirectory()).appending("retort-cluster-\(UUID().uuidString)")

    deinit { try? FileManager.default.removeItem(atPath: folder.string) }

    /// Says that it is online as a service does, and stays.
    private static let service = """
        #!/bin/sh
        address=${RETORT_BUS_URL#mqtt://127.0.0.1:}
        topic="retort/v1/availability/service/$(basename "$0")/$RETORT_SERVICE_INSTANCE"
        mosquitto_pub -h 127.0.0.1 -p "$address" -q 1 -r -t "$topic" -m online
        """
    private static let staying = service + "\nexec sleep 1000\n"

    /// A cluster whose executables are the given scripts, or well behaved ones.
    private func cluster(_ scripts: [String: String] = [:]) throws -> LocalCluster {
        let programs = folder.appending("bin")
        try FileManager.default.createDirectory(atPath: programs.string, withIntermediateDirectories: true)
        for name in ClusterPlan.executables {
            let path = programs.appending(name).string
            try (scripts[name] ?? Self.staying).write(toFile: path, atomically: true, encoding: .utf8)
            try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
        }
        let plan = try ClusterPlan(options: .init(tasks: "/tasks"), state: folder.appending("state"))
        return LocalCluster(plan: plan, programs: programs, logger: .quiet) {
            try MosquittoBus(options: $0, logger: .quiet)
        }
    }

    private func isAlive(_ process: Int32) -> Bool { kill(process, 0) == 0 }

    /// The processes that the cluster noted down for whoever looks in.
    private func processes() throws -> [Int32] {
        let file = try Data(contentsOf: URL(fileURLWithPath: folder.appending("state/cluster.json").string))
        let description = try #require(try JSONSerialization.jsonObject(with: file) as? [String: Any])
        return try #require(description["children"] as? [String: Int32]).values.sorted()
    }

    private func port() throws -> Int {
        let file = try Data(contentsOf: URL(fileURLWithPath: folder.appending("state/cluster.json").string))
        let description = try #require(try JSONSerialization.jsonObject(with: file) as? [String: Any])
        return try #require(description["port"] as? Int)
    }

    private func expectNothingLeft() throws {
        for process in try processes() { #expect(!isAlive(process)) }
        #expect(try !LoopbackPort.isOpen(port()))
    }

    @Test("Everything comes online, one after the other, and nothing is left behind")
    func wholeRun() async throws {
        let said = Mutex<[String]>([])
        let alive = try await cluster().run(say: { line in said.withLock { $0.append(line) } }) { running in
            running.processes.map { kill($0.process, 0) == 0 }
        }
        #expect(alive.count == 7 && alive.allSatisfy { $0 })
        let lines = said.withLock { $0 }
        #expect(lines.count == 7 && lines[0].hasPrefix("broker mqtt://127.0.0.1:"))
        #expect(lines[1] == "model-registry registry is online" && lines[6] == "sensor-simulator simulator is online")
        try expectNothingLeft()
    }

    @Test("A service that dies at start ends the run with its last words")
    func dyingAtStart() async throws {
        let cluster = try cluster(["cloud-distiller": "#!/bin/sh\necho no room for windows >&2\nexit 3\n"])
        await #expect {
            try await cluster.run(say: { _ in }) { _ in }
        } throws: { error in
            "\(error)".contains("cloud-distiller") && "\(error)".contains("status 3")
                && "\(error)".contains("no room for windows")
        }
        try expectNothingLeft()
    }

    @Test("A service that dies later ends the run with its last words")
    func dyingLater() async throws {
        let cluster = try cluster(["edge-inferencer": Self.service + "\nsleep 0.3\necho out of air\nkill -KILL $$\n"])
        await #expect {
            try await cluster.run(say: { _ in }) { _ in try await Task.sleep(for: .seconds(60)) }
        } throws: { error in
            "\(error)".contains("edge-inferencer") && "\(error)".contains("signal 9")
                && "\(error)".contains("out of air")
        }
        try expectNothingLeft()
    }

    @Test("Cancelling stops everything, also while it starts", arguments: [false, true])
    func cancelling(whileStarting: Bool) async throws {
        let cluster = try cluster(whileStarting ? ["sensor-simulator": "#!/bin/sh\nexec sleep 1000\n"] : [:])
        let reached = AsyncStream.makeStream(of: Void.self)
        let run = Task {
            try await cluster.run(
                say: { if whileStarting && $0.contains("gw-south") { reached.continuation.yield() } },
                body: { _ in
                    reached.continuation.yield()
                    try await Task.sleep(for: .seconds(60))
                })
        }
        for await _ in reached.stream { break }
        run.cancel()
        await #expect(throws: (any Error).self) { try await run.value }
        try expectNothingLeft()
    }

    @Test("A program that is missing is named before anything starts")
    func missing() async throws {
        let cluster = try cluster()
        try FileManager.default.removeItem(atPath: folder.appending("bin/cloud-distiller").string)
        await #expect {
            try await cluster.run(say: { _ in }) { _ in }
        } throws: {
            "\($0)".contains("cloud-distiller")
        }
        #expect(!FileManager.default.fileExists(atPath: folder.appending("state").string))
    }
}
