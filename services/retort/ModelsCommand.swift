import ArgumentParser
import FleetConsole
import JSON
import ModelArtifact
import SystemPackage

/// Lists models, and makes new ones.
struct ModelsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "models",
        abstract: "List tasks and their versions, make a task, go back to an earlier version, or compare files.",
        subcommands: [List.self, Create.self, Rollback.self, ModelsDiffCommand.self],
        defaultSubcommand: List.self)

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "list",
            abstract: "List tasks and the versions of their students.",
            discussion: """
                One row for each version that was released, decided anything or runs: size, edges that run it, accuracy with \
                its 95 % interval, teacher on the same windows, joules per inference.
                """)

        @OptionGroup var cluster: ClusterOptions
        @Flag(help: "Write JSON: an array of {\"model\", \"task\", \"versions\": [...]}.") var json = false

        func run() async throws {
            let (fleet, tasks) = try await cluster.withClient { client in
                (try await client.fleet(now: ClusterOptions.now()), try await TaskProposal.tasks(client))
            }
            if json {
                print(FleetTables.modelsJSON(fleet, tasks: tasks).prettyText, terminator: "")
                return
            }
            let table = FleetTables.models(fleet, tasks: tasks)
            print(table.isEmpty ? "no tasks yet: make one with `retort models create FILE`" : table.text)
        }
    }

    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "create",
            abstract: "Make a task from a JSON file; edges then collect windows for it.",
            discussion: """
                The file is checked here, proposed on model/{name}/task/proposal, and signed and published by the registry. \
                The same task again is no error; one that would change the shape of windows or the classes of a task that has \
                versions is refused.

                  {"name": "occupancy", "kind": "classification",
                   "channels": [{"name": "co2", "unit": "ppm"}, {"name": "motion", "unit": ""}],
                   "rate": 1, "window": 60, "step": 30, "classes": ["empty", "occupied"],
                   "devices": ["*/room-*"], "evaluationDevices": ["*/room-test-*"],
                   "student": {"profile": "rpi5", "parameters": 4000, "bytes": 16384}}
                """)

        @OptionGroup var cluster: ClusterOptions
        @Argument(help: "The task as JSON; - reads standard input.") var file: String

        func run() async throws {
            let proposal: TaskProposal
            do {
                proposal = try TaskProposal(bytes: try Self.read(file))
            } catch let error as JSONError {
                throw ValidationError("\(file): \(error)")
            } catch let error as Errno {
                throw ValidationError("\(file) cannot be read: \(error)")
            }
            try await cluster.withClient { try await proposal.submit(to: $0) }
            print(
                "task \(proposal.task.name) is signed and published; edges that serve its devices collect windows now")
        }

        /// At most a little more than a task may have.
        private static func read(_ file: String) throws -> [UInt8] {
            let limit = 1 << 20
            let descriptor = file == "-" ? FileDescriptor.standardInput : try FileDescriptor.open(file, .readOnly)
            var bytes: [UInt8] = []
            var buffer = [UInt8](repeating: 0, count: 65_536)
            while bytes.count <= limit {
                let count = try buffer.withUnsafeMutableBytes { try descriptor.read(into: $0) }
                if count == 0 { break }
                bytes.append(contentsOf: buffer[..<count])
            }
            if file != "-" { try descriptor.close() }
            return bytes
        }
    }
}
