import JSON
import SystemPackage
import Testing

/// The compose cluster on a real Docker engine, seen from the host.
@Suite("The compose cluster", .serialized)
struct DockerTests {
    /// `./dev test` sets this to 0, and says so loudly, where no engine answers and none can be started.
    static var isEnabled: Bool { Repository.environment("RETORT_TEST_DOCKER") == "1" }

    private let compose = ["compose", "-f", "docker/compose.yaml", "-p", "retort-test"]
    private let environment = ["RETORT_PORT": "18830", "RETORT_HTTP_PORT": "18081", "RETORT_SIMULATOR_SPEED": "20"]

    @Test(
        "Students reach both edges, and every container is healthy and not root", .enabled(if: isEnabled),
        .timeLimit(.minutes(30)))
    func studentsReachBothEdges() async throws {
        let result: Result<Void, any Error>
        do { result = .success(try await check()) } catch { result = .failure(error) }
        _ = try await docker(["down", "-v", "--timeout", "15"])
        try result.get()
    }

    private func docker(_ arguments: [String]) async throws -> Shell.Outcome {
        try await Shell.run("docker", compose + arguments, environment: environment)
    }

    private func check() async throws {
        let build = try await docker(["build"])
        try #require(
            build.succeeded, "docker compose build failed:\n\(build.output.suffix(4000))\(build.errors.suffix(4000))")
        let up = try await docker(["up", "--detach", "--wait", "--wait-timeout", "120"])
        let logs = up.succeeded ? "" : try await docker(["logs", "--tail", "40"]).output
        try #require(up.succeeded, "docker compose up failed:\n\(up.errors.suffix(4000))\(logs)")

        try await nobodyIsRoot()
        try await edgeImageIsSmall()

        var running: [String: Int] = [:]
        do {
            _ = try await Shell.waiting(for: "a student on both edges", limit: .seconds(420), every: .seconds(2)) {
                let seen = try await Shell.run(
                    "mosquitto_sub",
                    ["-p", "18830", "-t", "retort/v1/model/+/installed/#", "-F", "%t %p", "-W", "2"])
                for line in seen.output.split(separator: "\n") {
                    guard let space = line.firstIndex(of: " "),
                        let message = try? JSONValue(parsing: String(line[line.index(after: space)...])),
                        message.object?["state"]?.string == "running", let version = message.object?["running"]?.integer
                    else { continue }
                    running[String(line[..<space].split(separator: "/").suffix(2).joined(separator: "/"))] = Int(
                        version)
                }
                return running.count >= 2 ? true : nil
            }
        } catch {
            let logs = try await docker(["logs", "--tail", "60"])
            throw ShellError(description: "\(error); running: \(running)\n\(logs.output)")
        }
        #expect(Set(running.keys) == ["north/gw-north", "south/gw-south"])
        let inference = try await Shell.run(
            "mosquitto_sub", ["-p", "18830", "-t", "retort/v1/inference/#", "-C", "1", "-W", "20"])
        #expect(inference.succeeded, "no inference came")
    }

    private func nobodyIsRoot() async throws {
        let ids = try await docker(["ps", "--quiet"]).output.split(separator: "\n").map(String.init)
        #expect(ids.count == 7)
        for id in ids {
            let user = try await Shell.run("docker", ["inspect", "--format", "{{.Config.User}} {{.Name}}", id]).output
            #expect(!user.hasPrefix(" ") && !user.hasPrefix("0") && !user.hasPrefix("root"), "runs as root: \(user)")
        }
    }

    private func edgeImageIsSmall() async throws {
        let size = try await Shell.run(
            "docker", ["image", "inspect", "--format", "{{.Size}}", "retort/edge-inferencer:dev"])
        let bytes = try #require(Int(size.output.filter(\.isNumber)))
        #expect(bytes <= 40_000_000, "the edge's image has \(bytes) bytes beyond its empty base")
    }
}
