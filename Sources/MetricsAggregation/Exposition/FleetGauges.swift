import JSON
import ServiceRuntime
import Synchronization
import Telemetry

/// The fleet and its models as metrics. Labels are models and versions, never devices.
final class FleetGauges: Sendable {
    private struct Version: Hashable, Comparable {
        var model: String
        var version: Int
        static func < (a: Self, b: Self) -> Bool { (a.model, a.version) < (b.model, b.version) }
    }

    private struct State {
        var summary: FleetSummary?
        var scores: [Version: AccuracyMessage] = [:]
    }

    /// Versions shown at most, of those that edges run; further ones are on the bus alone.
    private static let capacity = 256
    /// Versions remembered, also of those that no edge runs.
    private static let memory = 4096

    private let state = Mutex(State())

    init() {}

    func show(_ summary: FleetSummary) { state.withLock { $0.summary = summary } }

    /// Takes the scores of a version, as they are published.
    func take(_ topic: Topic, _ payload: [UInt8]) throws(JSONError) {
        guard case .accuracy(let model, let version) = topic else { return }
        let score = payload.isEmpty ? nil : try AccuracyMessage(payload: payload)
        state.withLock { $0.scores.set(score, for: Version(model: model, version: version), within: Self.memory) }
    }

    var families: [MetricFamily] {
        let state = state.withLock { $0 }
        var edges: [Version: Int] = [:]
        for models in state.summary?.running.values ?? [:].values {
            for (model, version) in models { edges[Version(model: model, version: version), default: 0] += 1 }
        }
        let shown = Array(edges.sorted { $0.key < $1.key }.prefix(Self.capacity))
        let scores = shown.compactMap { entry in state.scores[entry.key].map { (entry.key, $0) } }
        var running = MetricFamily(
            MetricDefinition(.gauge, "retort_model_edges", "Edges that run a version of a model"))
        for (key, count) in shown {
            running.add(Double(count), ["model": key.model, "version": "\(key.version)"])
        }
        return fleet(state.summary) + [running] + Self.scores(scores)
    }

    private func fleet(_ summary: FleetSummary?) -> [MetricFamily] {
        func gauge(_ name: String, _ help: String, _ value: Double?) -> MetricFamily {
            MetricFamily(MetricDefinition(.gauge, "retort_fleet_\(name)", help), value)
        }
        var bytes = MetricFamily(
            MetricDefinition(
                .counter, "retort_fleet_moved_bytes", "Bytes moved between edges and cloud, by cause"))
        for (cause, count) in (summary?.bytes ?? [:]).sorted(by: { $0.key < $1.key }) {
            bytes.add(Double(count), ["cause": cause])
        }
        var joules = MetricFamily(
            MetricDefinition(
                .counter, "retort_fleet_energy_joules", "Energy of all edges, by cause and how it is known"))
        for (cause, figure) in (summary?.joules ?? [:]).sorted(by: { $0.key < $1.key }) {
            joules.add(figure.value, ["cause": cause, "method": figure.method.rawValue])
        }
        var desired = MetricFamily(
            MetricDefinition(.gauge, "retort_model_desired_version", "Version that the registry wants edges to run"))
        for (model, entry) in (summary?.models ?? [:]).sorted(by: { $0.key < $1.key }).prefix(Self.capacity) {
            desired.add(entry.desired.map(Double.init), ["model": model])
        }
        return [
            gauge("devices", "Devices known", summary.map { Double($0.devices.known) }),
            gauge("devices_online", "Devices that their edge hears", summary.map { Double($0.devices.online) }),
            gauge("edges", "Edges known", summary.map { Double($0.edges.known) }),
            gauge("edges_online", "Edges that are connected", summary.map { Double($0.edges.online) }),
            MetricFamily(
                MetricDefinition(.counter, "retort_fleet_windows", "Windows decided, each counted once"),
                summary.map { Double($0.windows) }),
            gauge(
                "decided_by_cloud_ratio", "Share of the decisions that the cloud made in the end",
                summary.map(\.decidedByCloud)),
            bytes, joules, desired,
        ]
    }

    /// Everything that `accuracy/` says as a number.
    private static func scores(_ scores: [(Version, AccuracyMessage)]) -> [MetricFamily] {
        let figures: [(String, String, (AccuracyMessage) -> Double?)] = [
            ("windows", "Windows decided", { Double($0.decisions) }),
            ("scored_windows", "Windows with a truth or label", { Double($0.scored) }),
            ("coverage_ratio", "Scored windows over decided ones", \.coverage),
            ("accuracy_ratio", "Share of the scored windows that are right", { $0.accuracy?.value }),
            ("accuracy_low_ratio", "Lower end of its 95 % interval", { $0.accuracy?.low }),
            ("accuracy_high_ratio", "Upper end of its 95 % interval", { $0.accuracy?.high }),
            ("macro_f1_ratio", "Mean of the classes' F1", \.macroF1),
            ("calibration_error_ratio", "Expected calibration error", \.calibrationError),
            ("absolute_error", "Mean absolute error of a regression, in its unit", { $0.errors?.meanAbsolute }),
            (
                "root_mean_square_error", "Root mean square error of a regression, in its unit",
                { $0.errors?.rootMeanSquare }
            ),
            ("teacher_accuracy_ratio", "Accuracy of the teacher where it was asked", { $0.teacher?.accuracy?.value }),
            (
                "teacher_agreement_ratio", "Share of the teacher's verdicts that say what the student said",
                { $0.teacher?.agreement?.value }
            ),
            ("decided_by_cloud_ratio", "Share of the decisions that the cloud made in the end", \.decidedByCloud),
            ("latency_p50_seconds", "Median wall time of the student's run", { $0.latency.map { $0.median / 1e6 } }),
            ("latency_p99_seconds", "99th percentile of it", { $0.latency.map { $0.p99 / 1e6 } }),
            ("inference_joules", "Energy of a decision", { $0.joulesPerInference?.value }),
            ("correct_decision_joules", "Energy of a right decision", { $0.joulesPerCorrect?.value }),
        ]
        return figures.map { name, help, value in
            var family = MetricFamily(MetricDefinition(.gauge, "retort_model_\(name)", help))
            for (key, score) in scores {
                family.add(value(score), ["model": key.model, "version": "\(key.version)"])
            }
            return family
        }
    }
}
