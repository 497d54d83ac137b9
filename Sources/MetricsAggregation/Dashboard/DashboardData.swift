import JSON
import ServiceHTTP
import Telemetry

/// What pages read.
struct DashboardData: Sendable {
    let app: MetricsAggregationApp
    let state: DashboardState
    /// Unix seconds.
    let now: @Sendable () -> Double

    var routes: [HTTPRoute] {
        [
            HTTPRoute("/api/summary") { _ in .json(app.summaryDocument().bytes) },
            HTTPRoute(events: "/api/events") { request in state.open(device: request.query["device"]) },
            HTTPRoute("/api/history") { request in
                try await Self.answering {
                    let text = request.query["subject"] ?? "fleet"
                    guard let subject = FleetSubject(text) else {
                        throw DashboardError(
                            "subject: \"\(text.prefix(80))\" is none of fleet, site/S, edge/S/E, device/S/D, version/V")
                    }
                    let span = try span(request)
                    return try await app.queries.history(
                        of: subject, model: request.query["model"], resolution: span.resolution, from: span.from,
                        to: span.to
                    ).json
                }
            },
            HTTPRoute("/api/updates") { request in
                try await Self.answering {
                    let limit = try Self.number(request, "limit") ?? 200
                    guard (1...1000).contains(limit) else { throw DashboardError("limit: must be 1 to 1000") }
                    return .array(
                        try await app.queries.updates(model: request.query["model"], limit: Int(limit)).map(\.json))
                }
            },
            HTTPRoute("/api/versions") { request in
                try await Self.answering {
                    guard let model = request.query["model"] else { throw DashboardError("model: is missing") }
                    return .array(try await app.queries.versions(of: model).map(\.json))
                }
            },
            HTTPRoute("/api/devices") { request in
                try await Self.answering {
                    let span = try span(request)
                    return .array(
                        try await app.queries.devices(resolution: span.resolution, from: span.from, to: span.to)
                            .map(\.json))
                }
            },
        ]
    }

    static func device(_ text: String) -> DeviceID? {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2, parts.allSatisfy(Slug.isValid) else { return nil }
        return DeviceID(site: parts[0], device: parts[1])
    }

    /// What was asked wrongly is said; everything else is an error of ours.
    private static func answering(_ body: () async throws -> JSONValue) async throws -> HTTPRoute.Answer {
        do {
            return .json(try await body().bytes)
        } catch let error as DashboardError {
            return .text(error.message + "\n", status: 400)
        }
    }

    private static func number(_ request: HTTPRoute.Request, _ name: String) throws(DashboardError) -> Double? {
        guard let text = request.query[name] else { return nil }
        guard let value = Double(text), value.isFinite else {
            throw DashboardError("\(name): \"\(text.prefix(40))\" is no number")
        }
        return value
    }

    /// The resolution and the times between which something is asked for: the last day of minutes where nothing is said.
    private func span(
        _ request: HTTPRoute.Request
    ) throws(DashboardError) -> (resolution: FleetHistory.Resolution, from: Double, to: Double) {
        let seconds = try Self.number(request, "seconds") ?? 60
        guard let resolution = Int(exactly: seconds).flatMap(FleetHistory.Resolution.init(rawValue:)) else {
            throw DashboardError("seconds: must be 60, 3600 or 86400")
        }
        let to = try Self.number(request, "to") ?? now()
        let from = try Self.number(request, "from") ?? to - 86_400
        guard from < to, to - from <= seconds * 20_000 else {
            throw DashboardError("from, to: from must be before to, and at most 20000 intervals apart")
        }
        return (resolution, from, to)
    }
}
