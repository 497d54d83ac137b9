import ArgumentParser
import Foundation
import JSON

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

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
        guard let url = URL(string: "http://127.0.0.1:\(port)\(path)") else { throw ValidationError(path) }
        var times: [Double] = []
        var bytes = 0
        for _ in 0..<20 {
            let begin = ContinuousClock.now
            let (data, response) = try await URLSession.shared.data(from: url)
            times.append((ContinuousClock.now - begin) / .milliseconds(1))
            bytes = data.count
            guard (response as? HTTPURLResponse)?.statusCode == 200 else {
                throw ValidationError("\(path): \(String(decoding: data.prefix(200), as: UTF8.self))")
            }
        }
        times.sort()
        return Result(name: name, bytes: bytes, median: (times[9] + times[10]) / 2, p95: times[18])
    }
}
