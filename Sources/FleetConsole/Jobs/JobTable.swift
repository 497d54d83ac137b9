public import JSON
import Presentation
public import Telemetry

/// Training jobs as far as the bus tells of them: the aggregator remembers the last ones.
public struct JobTable: Sendable {
    /// A job by its last word.
    struct Job: Sendable, Equatable {
        var id: String
        var summary: FleetSummary.Job
        var isOver: Bool { summary.phase == .done || summary.phase == .failed }
    }

    let jobs: [Job]

    /// - Parameters:
    ///   - all: also jobs that are over.
    ///   - model: of this model alone.
    public init(_ summary: FleetSummary, all: Bool, model: String? = nil) {
        jobs = summary.jobs.sorted { $0.key < $1.key }.map { Job(id: $0.key, summary: $0.value) }
            .filter { (all || !$0.isOver) && (model == nil || $0.summary.model == model) }
    }

    public var isEmpty: Bool { jobs.isEmpty }

    public var table: TextTable {
        var table = TextTable([("JOB", .left), ("MODEL", .left), ("PHASE", .left), ("DONE", .left), ("LEFT", .right)])
        for job in jobs {
            let summary = job.summary
            let bar = "\(ProgressLine.bar(summary.fraction, width: 16)) \(Quantity.percent(summary.fraction))"
            table.append([
                job.id, summary.model, summary.phase.rawValue, job.isOver ? "" : bar,
                summary.secondsLeft.map(Quantity.seconds) ?? "",
            ])
        }
        return table
    }

    /// An array of `{"id", "model", "phase", "fraction", "secondsLeft"}`.
    public var json: JSONValue {
        .array(
            jobs.map { job in
                var object: JSONObject = [
                    "id": .string(job.id), "model": .string(job.summary.model),
                    "phase": .string(job.summary.phase.rawValue),
                    "fraction": JSONValue(job.summary.fraction, places: 3),
                ]
                object["secondsLeft"] = job.summary.secondsLeft.map { JSONValue($0, places: 1) }
                return .object(object)
            })
    }
}
