import Foundation
import Subprocess
import SystemPackage
import Testing

/// What every executable owes whoever runs it.
@Suite("Every executable", .serialized)
struct ExecutableTests {
    static let services = [
        "model-registry", "metrics-aggregator", "cloud-distiller", "edge-inferencer", "sensor-simulator",
        "sparkplug-bridge",
    ]

    @Test("SIGTERM drains and ends with 0 within ten seconds, with a broker and without", arguments: [true, false])
    func terminate(hasBroker: Bool) async throws {
        try await ServiceStage.with { stage in
            var running = [try await stage.registry(), try await stage.edge("gw-north", site: "north")]
            running.append(try await stage.start("metrics-aggregator", "aggregator"))
            running.append(try await stage.start("cloud-distiller", "distiller"))
            running.append(
                try await stage.start("sensor-simulator", "simulator", ["simulator.patience": "0"]))
            running.append(try await stage.start("sparkplug-bridge", "sparkplug"))
            #expect(Set(running.map(\.name)) == Set(Self.services))
            _ = try await stage.status("sensor-simulator", "simulator", "samples") { _ in true }
            if !hasBroker { await stage.broker.stop() }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for process in running {
                    group.addTask {
                        let (status, duration) = try await process.terminate()
                        #expect(status.isSuccess, "\(process.name): \(status)\n\(process.words.suffix(800))")
                        #expect(duration < .seconds(10), "\(process.name) took \(duration)")
                    }
                }
                try await group.waitForAll()
            }
        }
    }

    private func output(_ executable: String, _ arguments: [String]) async throws -> (Bool, String) {
        let program = ServiceProcess.programs.appendingPathComponent(executable).path
        let result = try await run(
            .path(FilePath(program)), arguments: Arguments(arguments), output: .string(limit: 1 << 20),
            error: .combinedWithOutput)
        return (result.terminationStatus.isSuccess, result.standardOutput)
    }

    @Test("--help says what it does, every setting, and an example", arguments: services)
    func help(executable: String) async throws {
        let (isSuccess, text) = try await output(executable, ["--help"])
        #expect(isSuccess)
        let parts = [
            "OVERVIEW:", "USAGE:", "--config", "--set", "--print-config", "--check-health", "RETORT_BUS_URL",
            "EXAMPLE:",
        ]
        for part in parts {
            #expect(text.contains(part), "no \(part) in\n\(text)")
        }
    }

    @Test("--print-config shows what counts, and no secret", arguments: services)
    func printConfig(executable: String) async throws {
        var settings = [
            "bus.password=hunter2", "bus.username=ann", "bus.url=mqtt://bob:swordfish@broker.example",
            "service.instance=i-1",
        ]
        if executable == "edge-inferencer" { settings.append("edge.rootFile=/r") }
        let (isSuccess, text) = try await output(
            executable, ["--print-config"] + settings.flatMap { ["--set", $0] })
        #expect(isSuccess, "\(text)")
        #expect(text.contains("i-1") && text.contains("ann"))
        #expect(!text.contains("hunter2") && !text.contains("swordfish"), "\(text)")
    }

    @Test("A setting that nobody knows is refused by its name", arguments: services)
    func unknownSetting(executable: String) async throws {
        let (isSuccess, text) = try await output(executable, ["--print-config", "--set", "bus.colour=red"])
        #expect(!isSuccess && text.contains("bus.colour"), "\(text)")
    }

    @Test("Every command of retort explains itself")
    func commands() async throws {
        let (isSuccess, text) = try await output("retort", ["--help"])
        #expect(isSuccess)
        for command in [
            "up", "doctor", "watch", "devices", "device", "energy", "jobs", "job", "label", "models", "report",
        ] {
            #expect(text.contains(command))
            let (isSuccess, help) = try await output("retort", [command, "--help"])
            #expect(isSuccess && help.contains("OVERVIEW:") && help.contains("USAGE:"), "\(help)")
        }
    }
}
