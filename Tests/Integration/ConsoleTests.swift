import Foundation
import JSON
import Subprocess
import SystemPackage
import Telemetry
import Testing

/// What `retort` shows of a running fleet, and with what it ends.
@Suite("The command line on a fleet", .serialized)
struct ConsoleTests {
    private static let device = DeviceID(site: "north", device: "probe-1")

    /// A fleet with a student that has decided on one device, whose window is labelled.
    private func withFleet(_ body: (ServiceStage, String) async throws -> Void) async throws {
        try await ServiceStage.with { stage in
            _ = try await stage.registry()
            _ = try await stage.start("metrics-aggregator", "aggregator", ["aggregator.publishSeconds": "0.2"])
            _ = try await stage.edge("gw-north", site: "north", ["edge.energy.interval": "1"])
            _ = try await stage.offer(weight: 10)
            _ = try await stage.running(1, EdgeID(site: "north", edge: "gw-north"))
            // Joules are split among the decisions between two words of an edge.
            _ = try await stage.message(on: .energy(EdgeID(site: "north", edge: "gw-north")), "its meter") { _ in true }
            let inference = try await stage.inference(Self.device, second: 0)
            try await stage.publish(
                .label(Self.device),
                LabelMessage(
                    t: inference.to, id: "truth", from: inference.from - 100, to: inference.to + 100,
                    content: .label("high")
                ).payload)
            _ = try await stage.message(on: .accuracy(model: HandmadeStudent.model, version: 1), "its score") {
                let score = try AccuracyMessage(payload: $0)
                return score.accuracy != nil && score.joulesPerInference != nil
            }
            _ = try await stage.message(on: .fleetEdge(EdgeID(site: "north", edge: "gw-north")), "its joules") {
                try !FleetEdge(payload: $0).figures.joules.isEmpty
            }
            _ = try await stage.message(on: .device(Self.device), "what is known of it") { _ in true }
            try await body(stage, "mqtt://127.0.0.1:\(stage.broker.port)")
        }
    }

    @Test("watch, device, devices, energy, jobs and report show it, for people and for programs")
    func views() async throws {
        try await withFleet { stage, url in
            func text(_ arguments: String...) async throws -> String {
                let result = try await RetortCommand.run(arguments + ["--broker", url])
                #expect(result.status == 0, "\(arguments): \(result.errors)")
                #expect(!result.output.contains("\u{1B}"), "\(arguments) colours what is no terminal")
                return result.output
            }
            func json(_ arguments: String...) async throws -> JSONValue {
                let result = try await RetortCommand.run(arguments + ["--broker", url, "--json"])
                #expect(result.status == 0, "\(arguments): \(result.errors)")
                return try JSONValue(parsing: result.output)
            }
            let watch = try await text("watch", "--once")
            #expect(
                watch.contains("north/gw-north       level        version 1") && watch.contains("student 100.0 %"),
                "\(watch)")
            let fleet = try await json("watch", "--once")
            #expect(fleet.object?["summary"]?.object?["edges"]?.object?["online"]?.integer == 1)
            let device = try await text("device", "probe-1")
            #expect(device.contains("north/probe-1  online") && device.contains("high ("), "\(device)")
            let model = try await json("device", "north/probe-1").object?["models"]?.object?["level"]?.object
            #expect(model?["label"]?.string == "high" && model?["update"]?.object?["running"]?.integer == 1)
            #expect(try await text("devices").contains("north/probe-1"))
            #expect(try await text("energy").contains("an inference"))
            let energy = try await json("energy")
            #expect(energy.object?["edges"]?.elements?.first?.object?["edge"]?.string == "gw-north")
            #expect(try await text("jobs", "--all").contains("no job is known"))
            #expect(try await json("jobs") == .array([]))
            #expect(try await text("report").contains("level, version 1"))
            let report = try await json("report", "--model", "level")
            let criteria = report.object?["criteria"]?.object
            #expect(criteria?["accuracy"]?.object?["student"]?.object?["value"]?.number == 1)
            let page = stage.folder + "/fleet.html"
            #expect(try await text("report", "--output", page).contains("wrote"))
            let html = try String(contentsOfFile: page, encoding: .utf8)
            #expect(html.hasPrefix("<!doctype html>") && html.contains("level, version 1"))
        }
    }

    @Test("Each way to end has its status, and --help lists them")
    func statuses() async throws {
        let help = try await RetortCommand.run(["--help"])
        let page = try String(
            contentsOf: URL(fileURLWithPath: #filePath).deletingLastPathComponent()
                .appendingPathComponent("../../docs/operations.md"), encoding: .utf8)
        for code in [0, 1, 2, 64, 65, 66, 69, 73, 75, 77, 130] {
            #expect(help.output.contains("\n  \(code) "), "--help has no \(code)")
            #expect(page.contains("| \(code) |"), "docs/operations.md has no \(code)")
        }
        func status(_ arguments: [String]) async throws -> Int32? {
            let result = try await RetortCommand.run(arguments)
            #expect(!result.errors.isEmpty, "\(arguments) says nothing")
            return result.status
        }
        let closed = "mqtt://127.0.0.1:\(try LoopbackPort.free())"
        #expect(try await status(["devices", "--colour"]) == 64)
        #expect(try await status(["devices", "--broker", "http://x"]) == 64)
        #expect(try await status(["devices", "--broker", closed, "--wait", "0.3"]) == 69)
        #expect(try await status(["assess", "/nowhere.safetensors", "--profile", "rpi5"]) == 66)
        #expect(try await status(["assess", #filePath, "--profile", "rpi5"]) == 65)
        try await MosquittoBroker.with { (broker) async throws in
            #expect(try await status(["devices", "--broker", broker.url, "--wait", "1"]) == 69)
            #expect(try await status(["job", "follow", "job-9", "--broker", broker.url, "--wait", "0.5"]) == 66)
            #expect(try await status(["job", "start", "level", "--broker", broker.url, "--wait", "0.5"]) == 66)
        }
        try await withFleet { stage, url in
            #expect(try await status(["device", "prob-1", "--broker", url]) == 66)
            #expect(try await status(["report", "--model", "levle", "--broker", url]) == 66)
            #expect(try await status(["report", "--output", "/nowhere/at/all.html", "--broker", url]) == 73)
            #expect(try await status(["job", "start", "level", "--broker", url, "--wait", "0.5"]) == 69)
            // The distiller has no window to train on: the job fails, and its reason is told.
            _ = try await stage.start("cloud-distiller", "distiller")
            let failed = try await RetortCommand.run(["job", "start", "level", "--follow", "--broker", url])
            #expect(failed.status == 1 && failed.errors.contains("failed:"), "\(failed)")
        }
    }

    @Test("On a terminal watch draws over itself, within its size, and Ctrl-C gives the terminal back")
    func terminal() async throws {
        try await withFleet { _, url in
            let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
                .appendingPathComponent("Fixtures/in_terminal.py").path
            let result = try await Subprocess.run(
                .name("python3"),
                arguments: ["\(script)", "60", "12", "[J", RetortCommand.program, "watch", "--broker", url],
                environment: .inherit.updating(["NO_COLOR": nil]), output: .string(limit: 1 << 20), error: .discarded)
            let written = result.standardOutput
            #expect(result.terminationStatus.isSuccess, "\(result.terminationStatus): \(written)")
            #expect(
                written.contains("\u{1B}[?25l") && written.contains("\u{1B}[1mRetort"), "\(written.debugDescription)")
            #expect(written.contains("\u{1B}[?25h"), "the cursor stays hidden")
            for line in written.split(whereSeparator: \.isNewline) where line.contains("gw-north") {
                let seen = line.replacing(try Regex("\u{1B}\\[[0-9;?]*[a-zA-Z]"), with: "")
                #expect(seen.count <= 60, "\(seen)")
            }
            let plain = try await Subprocess.run(
                .name("python3"),
                arguments: ["\(script)", "60", "12", "[J", RetortCommand.program, "watch", "--broker", url],
                environment: .inherit.updating(["NO_COLOR": "1"]), output: .string(limit: 1 << 20), error: .discarded)
            #expect(!plain.standardOutput.contains("\u{1B}[1m"))
        }
    }

    @Test("bash completes commands, options' values, and devices that the broker knows")
    func completions() async throws {
        try await withFleet { stage, url in
            let file = stage.folder + "/retort.bash"
            let script = try await RetortCommand.run(["--generate-completion-script", "bash"])
            try script.output.write(toFile: file, atomically: true, encoding: .utf8)
            for (shell, begin) in [("zsh", "#compdef retort"), ("fish", "function")] {
                let other = try await RetortCommand.run(["--generate-completion-script", shell])
                #expect(other.status == 0 && other.output.contains(begin))
            }
            func completed(_ words: String...) async throws -> String {
                let line = words.map { "'\($0)'" }.joined(separator: " ")
                let text = """
                    source '\(file)'
                    COMP_WORDS=(\(line)); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); COMP_LINE="${COMP_WORDS[*]}"
                    COMP_POINT=${#COMP_LINE}
                    name=$(complete -p retort | sed 's/.*-F \\([^ ]*\\).*/\\1/')
                    "$name" retort "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
                    printf '%s\\n' "${COMPREPLY[@]}"
                    """
                let path = ServiceProcess.programs.path + ":" + (ProcessInfo.processInfo.environment["PATH"] ?? "")
                let result = try await Subprocess.run(
                    .name("bash"), arguments: ["--norc", "-c", text],
                    environment: .inherit.updating(["PATH": path, "RETORT_BUS_URL": url]),
                    output: .string(limit: 65_536), error: .string(limit: 65_536))
                return result.standardOutput + result.standardError
            }
            #expect(try await completed("retort", "wat") == "watch\n")
            #expect(try await completed("retort", "doc").contains("doctor"))
            #expect(try await completed("retort", "report", "--format", "").contains("html"))
            #expect(try await completed("retort", "device", "nor").contains("north/probe-1"))
            #expect(try await completed("retort", "job", "start", "l").contains("level"))
        }
    }
}
