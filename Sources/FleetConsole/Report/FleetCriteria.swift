import JSON
import Telemetry

/// A model of the live fleet against the criteria that people judge distillation by: accuracy, speed, size, energy, bytes
/// moved, share decided where, knowledge transferred.
public struct FleetCriteria: Sendable {
    /// A version as the aggregator counted it.
    struct Version: Sendable {
        var version: Int
        var score: AccuracyMessage?
        var release: ReleaseMessage?
        /// Edges that run it now.
        var edges: Int
    }

    /// What always saying the most frequent class would score on the windows that teacher and student are compared on.
    struct Baseline: Sendable, Equatable {
        var share: Double
        var label: String
    }

    public let model: String
    /// Unix seconds of the look.
    let now: Double
    /// The newest version that was released, or else decided.
    let version: Int?
    let score: AccuracyMessage?
    let release: ReleaseMessage?
    let versions: [Version]
    let history: FleetHistory?
    /// Bytes that the updates to what edges run now took, and those the same would have taken as whole files in zstd.
    let updates: (edges: Int, bytes: Int, full: Int)?
    /// Of all models, by cause.
    let bytesMoved: [String: Int]
    let teacherParameters: Int?
    let baseline: Baseline?

    /// - Parameter now: Unix seconds.
    public init(of model: String, in fleet: FleetView, now: Double) {
        self.model = model
        self.now = now
        let released = fleet.releases.filter { $0.key.model == model }
        let scores = fleet.accuracy.filter { $0.key.model == model }
        let numbers = Set(released.keys.map(\.version) + scores.keys.map(\.version)).sorted()
        let installed = fleet.installed.filter { $0.key.model == model }
        versions = numbers.map { number in
            let key = FleetView.ModelVersion(model: model, version: number)
            return Version(
                version: number, score: scores[key], release: released[key],
                edges: installed.values.count { $0.running == number })
        }
        let newest = versions.last { $0.release != nil } ?? versions.last
        version = newest?.version
        score = newest?.score
        release = newest?.release
        history = fleet.histories[model]
        bytesMoved = fleet.summary?.bytes ?? [:]
        teacherParameters = newest?.release?.report["teacher"]?.object?["parameters"]?.integer.map { Int($0) }
        baseline = newest?.score.flatMap(Self.baseline)
        updates = Self.updates(installed, released: released)
    }

    private static func updates(
        _ installed: [FleetView.EdgeModel: InstalledMessage], released: [FleetView.ModelVersion: ReleaseMessage]
    ) -> (edges: Int, bytes: Int, full: Int)? {
        var sum = (edges: 0, bytes: 0, full: 0)
        for (key, message) in installed where message.state == .running {
            guard let running = message.running, let bytes = message.bytes, message.method != "kept",
                let release = released[FleetView.ModelVersion(model: key.model, version: running)]
            else { continue }
            sum = (sum.edges + 1, sum.bytes + bytes, sum.full + release.compressedBytes)
        }
        return sum.edges > 0 ? sum : nil
    }

    /// Of the windows that the teacher answered, where its confusion is known; of all that are scored else.
    private static func baseline(_ score: AccuracyMessage) -> Baseline? {
        var supports: [(label: String, count: Int)] = []
        if let confusion = score.confusion, confusion.teacher.joined().contains(where: { $0 > 0 }) {
            supports = zip(confusion.labels, confusion.teacher).map { ($0, $1.reduce(0, +)) }
        } else {
            supports = score.perClass.map { ($0.label, $0.support) }
        }
        let total = supports.reduce(0) { $0 + $1.count }
        guard supports.count > 1, total > 0, let most = supports.max(by: { $0.count < $1.count }) else { return nil }
        return Baseline(share: Double(most.count) / Double(total), label: most.label)
    }

    /// How much of the way from the baseline to the teacher the student has gone, on the windows that both decided;
    /// nothing where the teacher is no better than the baseline, or either is unknown.
    var gapClosed: Double? {
        guard let baseline, let teacher = score?.teacher?.accuracy?.value, let student = score?.teacher?.student?.value,
            teacher > baseline.share
        else { return nil }
        return (student - baseline.share) / (teacher - baseline.share)
    }

    /// Bytes of the teacher's weights, four a parameter.
    var teacherBytes: Int? { teacherParameters.map { $0 * 4 } }
}
