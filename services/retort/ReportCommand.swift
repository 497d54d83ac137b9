import ArgumentParser
import FleetConsole
import Foundation
import JSON
import Telemetry

/// Sums a running fleet up.
struct ReportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "report",
        abstract: "Sum up a running fleet by the criteria that distillation is judged by: text, JSON or one HTML page.",
        discussion: """
            For each model, or the one that --model names: accuracy of student and teacher with 95 % intervals and how much \
            of it is labelled, speed, size, energy an inference and a correct one with method and bounds, bytes moved \
            against whole files, share decided where, agreement and the gap closed, and the versions. What is not known is \
            called unknown. The gap is that from always saying the most frequent class to the teacher, on the windows that \
            both decided.

              retort report
              retort report --format html --output fleet.html
              retort report --model activity --json | jq .criteria.knowledge

            JSON is one object where --model is given, else an array: {"model", "teacher", "student", "update", "versions", \
            "edges", "devices", "seconds" (from the start of the oldest service), "criteria": {"accuracy", "speed", \
            "size", "energy", "bytes", "decidedByCloud", "knowledge", "versions"}}. The page needs nothing but itself.
            """)

    /// How the report is written.
    enum Format: String, CaseIterable, ExpressibleByArgument { case text, json, html }

    @OptionGroup var cluster: ClusterOptions
    @Option(help: "This model alone.", completion: Completions.models) var model: String?
    @Option(help: "text, json or html (default: by the ending of --output, else text).") var format: Format?
    @Option(
        name: [.short, .long], help: "Write to this file.", completion: .file(extensions: ["html", "json", "txt"]))
    var output: String?
    @Flag(help: "Write JSON; the same as --format json.") var json = false

    func validate() throws {
        if json, let format, format != .json { throw ValidationError("--json and --format \(format.rawValue) differ") }
    }

    func run() async throws {
        let now = ClusterOptions.now()
        let fleet = try await cluster.withClient { try await $0.fleet(now: now) }
        guard fleet.summary != nil else { throw FleetConsoleError.noAggregator }
        if let model { _ = try NameMatch("model with a version", amongst: fleet.models).find(model) }
        let models = fleet.models.filter { model == nil || $0 == model }
        let criteria = models.map { FleetCriteria(of: $0, in: fleet, now: now) }
        let text =
            switch chosen {
            case .text:
                criteria.isEmpty
                    ? "no model has a version yet\n" : criteria.map(\.text).joined(separator: "\n\n") + "\n"
            case .json: document(criteria, fleet, now: now).prettyText
            case .html:
                FleetReportPage(
                    criteria, summary: fleet.summary, address: "\(try cluster.address())",
                    date: Date(timeIntervalSince1970: now).formatted(.iso8601)
                ).html
            }
        if let output {
            try ModelFile.write(Array(text.utf8), to: output)
            print("wrote \(output)")
        } else {
            print(text, terminator: "")
        }
    }

    private var chosen: Format {
        if let format { return format }
        if json { return .json }
        return Format.allCases.first { output?.hasSuffix(".\($0.rawValue)") == true } ?? .text
    }

    private func document(_ criteria: [FleetCriteria], _ fleet: FleetView, now: Double) -> JSONValue {
        let started = fleet.statuses.values.map(\.started).min() ?? now
        let reports = criteria.map { criteria in
            var object = FleetReport(of: criteria.model, in: fleet, started: started, now: now).json.object ?? [:]
            object["criteria"] = criteria.json
            return JSONValue.object(object)
        }
        return model == nil ? .array(reports) : reports.first ?? .null
    }
}
