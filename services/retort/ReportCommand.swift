import ArgumentParser
import FleetConsole
import JSON
import Telemetry

/// Sums a running fleet up.
struct ReportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "report",
        abstract: "Sum up a running fleet: accuracy of teacher and student, sizes, updates, joules.",
        discussion: """
            For each model, or the one that --model names. With --json one object ({"teacher", "student", "update", \
            "versions", "seconds", ...}) where --model is given, else an array of them. Seconds count from the start of the \
            oldest service.
            """)

    @OptionGroup var cluster: ClusterOptions
    @Option(help: "This model alone.") var model: String?
    @Flag(help: "Write JSON.") var json = false

    func run() async throws {
        let now = ClusterOptions.now()
        let fleet = try await cluster.withClient { try await $0.fleet(now: now) }
        guard fleet.summary != nil else { throw FleetConsoleError.noAggregator }
        let started = fleet.statuses.values.map(\.started).min() ?? now
        if let model, !fleet.models.contains(model) {
            let known = fleet.models.isEmpty ? "none has a version yet" : fleet.models.joined(separator: ", ")
            throw ValidationError("there is no model \"\(model)\" with a version: \(known)")
        }
        let reports = fleet.models.filter { model == nil || $0 == model }.map {
            FleetReport(of: $0, in: fleet, started: started, now: now)
        }
        if json {
            let document = model == nil ? JSONValue.array(reports.map(\.json)) : reports.first?.json ?? .null
            print(document.prettyText, terminator: "")
        } else {
            print(reports.isEmpty ? "no model has a version yet" : reports.map(\.text).joined(separator: "\n\n"))
        }
    }
}
