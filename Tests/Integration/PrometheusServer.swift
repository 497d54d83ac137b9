import Foundation
import JSON
import Testing

/// A real Prometheus with the repository's scrape configuration and alert rules.
struct PrometheusServer {
    private static let repository = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()
    /// What the compose profile mounts.
    static let configuration = repository.appendingPathComponent("docker/prometheus")
    static let document = repository.appendingPathComponent("docs/observability.md").path

    private let port: Int
    private let process: ServiceProcess

    /// A program of the Debian package, which `./dev test` unpacks.
    static func program(_ name: String) throws -> String {
        let unpacked = ProcessInfo.processInfo.environment["RETORT_TEST_PROMETHEUS"].map { ["\($0)/\(name)"] } ?? []
        let cache = NSHomeDirectory() + "/.cache/retort/tools/prometheus/usr/bin/\(name)"
        guard
            let found = (unpacked + [cache, "/usr/bin/\(name)", "/usr/local/bin/\(name)"]).first(
                where: FileManager.default.isExecutableFile(atPath:))
        else {
            throw FixtureError("\(name) is missing: ./dev test, or sudo apt-get install prometheus")
        }
        return found
    }

    /// Runs the closure with a Prometheus, which is gone afterwards whatever happens.
    ///
    /// - Parameters:
    ///   - targets: the ports that answer in the place of the configuration's targets, by service.
    ///   - folder: for its data and log.
    static func with(
        _ targets: [String: Int], folder: String, _ body: (PrometheusServer) async throws -> Void
    ) async throws {
        var text = try String(contentsOf: configuration.appendingPathComponent("prometheus.yml"), encoding: .utf8)
        for (service, port) in targets {
            let place = "\(service):8080"
            try #require(text.contains(place), "the configuration does not scrape \(place)")
            text = text.replacingOccurrences(of: place, with: "127.0.0.1:\(port)")
        }
        try #require(!text.contains(":8080"), "the test leaves out a target of the configuration")
        text = text.replacingOccurrences(of: "_interval: 15s", with: "_interval: 1s")
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try text.write(toFile: folder + "/prometheus.yml", atomically: true, encoding: .utf8)
        try FileManager.default.copyItem(
            atPath: configuration.appendingPathComponent("alerts.yml").path, toPath: folder + "/alerts.yml")
        let port = try LoopbackPort.free()
        let process = try await ServiceProcess(
            try program("prometheus"),
            arguments: [
                "--config.file=\(folder)/prometheus.yml", "--storage.tsdb.path=\(folder)/data",
                "--web.listen-address=127.0.0.1:\(port)",
            ], log: folder + "/prometheus.log")
        let server = PrometheusServer(port: port, process: process)
        let result: Result<Void, any Error>
        do { result = .success(try await body(server)) } catch { result = .failure(error) }
        await process.kill()
        if case .failure(let error) = result { throw FixtureError("\(error)\n\(process.words.suffix(2000))") }
    }

    private func ask(_ path: String) throws -> JSONObjectReader {
        let answer = try LoopbackHTTP.get(port, "/api/v1/" + path)
        let reader = try JSONObjectReader(JSONValue(parsing: Array(answer.body.utf8), maximumBytes: 64 << 20))
        guard try reader.string("status") == "success" else { throw FixtureError("\(path): \(answer.body)") }
        return try reader.object("data")
    }

    /// Whether it accepts connections, and every target of its configuration was scraped.
    func areTargetsUp(_ count: Int) throws -> Bool {
        guard try LoopbackPort.isOpen(port), try LoopbackHTTP.get(port, "/-/ready").status == 200 else { return false }
        let targets = try ask("targets?state=active").elements("activeTargets")
        return targets.count == count && targets.allSatisfy { $0.object?["health"]?.string == "up" }
    }

    /// Why targets are not up, for people.
    func complaints() throws -> String {
        try ask("targets?state=active").elements("activeTargets").compactMap { $0.object?["lastError"]?.string }
            .joined(separator: "\n")
    }

    /// The values of a query by their labels, as `{a="b"}` writes them.
    func query(_ text: String) throws -> [(labels: JSONObject, value: Double)] {
        let encoded = text.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
        return try ask("query?query=\(encoded)").elements("result").map { entry in
            let reader = try JSONObjectReader(entry)
            let value = try reader.elements("value").last?.string.flatMap(Double.init)
            return (try reader.object("metric").object, value ?? .nan)
        }
    }

    /// The one value of a query.
    func value(_ text: String) throws -> Double? {
        let values = try query(text)
        return values.count == 1 ? values[0].value : nil
    }

    /// Rules that could not be evaluated, and how many there are.
    func rules() throws -> (all: Int, failing: [String]) {
        let rules = try ask("rules").elements("groups").flatMap { try JSONObjectReader($0).elements("rules") }
        return (
            rules.count, rules.filter { $0.object?["health"]?.string != "ok" }.map { "\($0)" }
        )
    }
}
