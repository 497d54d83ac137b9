import JSON
import SystemPackage
import Testing

#if canImport(Glibc)
    import Glibc
#endif

/// The whole system as a person starts it: `retort up`, seen through its report and the broker.
@Suite("The whole system", .serialized)
struct ClusterTests {
    @Test("Two rounds on recorded people end with version 2, as a delta, on every edge", .timeLimit(.minutes(10)))
    func twoRounds() async throws {
        let datasets = try #require(
            Repository.datasets, "recordings are needed: set RETORT_DATASETS to the folder that holds wisdm-watch")
        try await withTemporaryDirectory { folder in
            let report = folder.appending("summary.json")
            let capture = folder.appending("traffic.txt")
            async let outcome = Shell.run(
                Repository.executable("retort").string,
                [
                    "up", "--data", datasets.appending("wisdm-watch").string, "--speed", "40", "--people", "6",
                    "--rounds", "2", "--timeout", "480", "--report", report.string, "--state",
                    folder.appending("state").string,
                ])
            async let captured = Self.capture(folder.appending("state"), into: capture)
            let run = try await outcome
            #expect(run.succeeded, "retort up ended with \(run.status):\n\(run.output)\n\(run.errors)")
            try #require(run.succeeded)
            _ = try await captured

            let summary = try JSONObjectReader(JSONValue(parsing: Repository.text(of: report)))
            let teacher = try summary.object("teacher")
            let student = try summary.object("student")
            let update = try summary.object("update")
            // Guessing among 18 classes is right in 6 of 100 windows; six people teach far more than that.
            #expect(try teacher.number("accuracy") > 0.3)
            #expect(try student.number("accuracy") > 0.3)
            #expect(try student.integer("parameters") <= 4000)
            #expect(try student.integer("parameters") * 20 < teacher.integer("parameters"))
            #expect(try update.string("method") == "residual")
            #expect(try update.integer("bytes") < student.integer("compressedBytes"))
            #expect(try summary.object("seconds").number("firstInference") > 0)

            let check = try await Shell.run(
                Repository.python,
                [
                    "Tests/Integration/Fixtures/validate_traffic.py", "docs/asyncapi.yaml", capture.string,
                    "--root", "retort/v1",
                ])
            #expect(check.succeeded, "traffic does not match docs/asyncapi.yaml:\n\(check.output)\(check.errors)")
        }
    }

    @Test("Ctrl-C stops every process and frees the port", .timeLimit(.minutes(2)))
    func interrupt() async throws {
        try await withTemporaryDirectory { folder in
            let state = folder.appending("state")
            async let outcome = Shell.run(
                Repository.executable("retort").string, ["up", "--state", state.string])
            let port = try await Self.cluster(in: state).port
            // The simulator is the last to start.
            _ = try await Shell.waiting(for: "telemetry", limit: .seconds(60)) {
                let seen = try await Shell.run(
                    "mosquitto_sub",
                    ["-p", String(port), "-t", "retort/v1/telemetry/#", "-C", "1", "-W", "2"])
                return seen.succeeded ? true : nil
            }
            // Only now does the file name them all.
            let cluster = try await Self.cluster(in: state)
            #expect(cluster.children.count == 7)
            kill(cluster.supervisor, SIGINT)
            let run = try await outcome
            #expect(run.status == 0, "\(run.output)\n\(run.errors)")
            for (name, process) in cluster.children {
                #expect(kill(process, 0) == -1, "\(name) (pid \(process)) is still there")
            }
            let seen = try await Shell.run(
                "mosquitto_sub", ["-p", String(port), "-t", "#", "-C", "1", "-W", "1"])
            #expect(!seen.succeeded, "something still listens on port \(port)")
        }
    }

    @Test("A child that dies at start ends the whole run with its reason, and leaves nothing", .timeLimit(.minutes(2)))
    func childDiesAtStart() async throws {
        try await withTemporaryDirectory { folder in
            let state = folder.appending("state")
            let run = try await Shell.run(
                Repository.executable("retort").string,
                ["up", "--state", state.string, "--set", "metrics-aggregator:service.instance=Not A Slug"])
            #expect(run.status != 0)
            #expect((run.output + run.errors).contains("metrics-aggregator"), "\(run.output)\n\(run.errors)")
            if let cluster = try? await Self.cluster(in: state, limit: .seconds(1)) {
                for (name, process) in cluster.children {
                    #expect(kill(process, 0) == -1, "\(name) (pid \(process)) is still there")
                }
            }
        }
    }

    /// What `retort up` writes into its state folder about the processes it runs.
    private struct Cluster {
        let port: Int
        let supervisor: pid_t
        let children: [(name: String, process: pid_t)]
    }

    private static func cluster(in state: FilePath, limit: Duration = .seconds(60)) async throws -> Cluster {
        try await Shell.waiting(for: "cluster.json", limit: limit) {
            let path = state.appending("cluster.json")
            guard Repository.exists(path), let value = try? JSONValue(parsing: Repository.text(of: path)) else {
                return nil
            }
            let reader = try JSONObjectReader(value)
            let children = try reader.object("children")
            return Cluster(
                port: try reader.integer("port"), supervisor: pid_t(try reader.integer("pid")),
                children: try children.object.keys.map { ($0, pid_t(try children.integer($0))) })
        }
    }

    /// mosquitto_sub would wait for the broker for ever, so it ends once the broker no longer answers.
    private static let captureScript = """
        mosquitto_sub -p "$1" -q 1 -t 'retort/v1/#' -F '%t %x' > "$2" & sub=$!
        while mosquitto_sub -p "$1" -t '$SYS/broker/version' -C 1 -W 3 > /dev/null 2>&1; do sleep 1; done
        kill $sub
        """

    /// Writes every message to a file, a line each: topic, space, payload in hexadecimal; ends with the broker.
    private static func capture(_ state: FilePath, into file: FilePath) async throws -> Bool {
        let cluster = try await cluster(in: state)
        let outcome = try await Shell.run(
            "sh",
            [
                "-c", Self.captureScript, "capture",
                String(cluster.port), file.string,
            ])
        return outcome.succeeded
    }
}
