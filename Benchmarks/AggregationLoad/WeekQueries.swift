import ArgumentParser
import JSON
import Subprocess

/// The questions of a dashboard about a week, asked over HTTP.
struct WeekQueries {
    struct Result: Sendable {
        var name: String
        var bytes: Int
        /// Milliseconds from the request to the last byte, of twenty requests.
        var median: Double
        var p95: Double

        var line: String {
            "  \(name): median \(JSONValue(median, places: 1).text) ms, p95 \(JSONValue(p95, places: 1).text) ms, "
                + "\(bytes) bytes"
        }
    }

    let port: Int
    let now: Double

    func run() async throws -> [Result] {
        let (from, to) = (Int(now) - 168 * 3600, Int(now) + 60)
        return try await [
            ask("every device's figures", "/api/devices?seconds=86400&from=\(from)&to=\(to)"),
            ask(
                "the fleet by the hour", "/api/history?subject=fleet&model=activity&seconds=3600&from=\(from)&to=\(to)"),
            ask(
                "one device by the hour",
                "/api/history?subject=device/site-3/wrist-321&model=activity&seconds=3600&from=\(from)&to=\(to)"),
            ask(
                "one version by the day",
                "/api/history?subject=version/2&model=activity&seconds=86400&from=\(from)&to=\(to)"),
            ask("the summary", "/api/summary"),
        ]
    }

    private func ask(_ name: String, _ path: String) async throws -> Result {
        let url = "http://127.0.0.1:\(port)\(path)"
        // One process for all requests, so that the connection stays as a browser's does.
        let arguments = [
            "--silent", "--show-error", "--write-out", "%{http_code} %{time_total} %{size_download}\n",
        ]
        let targets = (0..<20).flatMap { _ in ["--output", "/dev/null", url] }
        let outcome = try await Subprocess.run(
            .name("curl"), arguments: Arguments(arguments + targets), output: .string(limit: 1 << 16),
            error: .combinedWithOutput)
        let answers = outcome.standardOutput.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
        let times = answers.compactMap { $0.count == 3 && $0[0] == "200" ? Double($0[1]) : nil }.sorted()
        guard times.count == 20, let bytes = answers.last?.last.flatMap({ Int($0) }) else {
            throw ValidationError("\(url): \(outcome.standardOutput.prefix(500))")
        }
        return Result(name: name, bytes: bytes, median: (times[9] + times[10]) * 500, p95: times[18] * 1000)
    }
}
