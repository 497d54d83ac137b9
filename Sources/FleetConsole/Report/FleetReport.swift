public import JSON
public import Telemetry

/// What a run came to, for the terminal and as JSON: accuracy of teacher and student on unseen devices, sizes, bytes
/// moved, joules, and the time of each phase.
public struct FleetReport: Sendable, Equatable {
    /// One version of the model.
    public struct Version: Sendable, Equatable {
        public var version: Int
        public var accuracy: ScoreInterval?
        /// Regression alone.
        public var errors: ValueErrors?
        /// How each head does, where there are several.
        public var heads: [String: HeadScore]
        public var scored: Int
        public var bytes: Int
        public var compressedBytes: Int
        /// As most edges got it.
        public var method: String?
        public var updateBytes: Int?
        /// The longest among the edges, from the first sight of the release to the switch.
        public var installSeconds: Double?
        /// Seconds of each phase of its job.
        public var phases: [String: Double]
    }

    public var model: String
    public var basis: AccuracyMessage.Basis?
    public var teacher: TeacherScore?
    public var teacherParameters: Int?
    public var studentParameters: Int?
    public var versions: [Version]
    public var joulesPerInference: JoulesFigure?
    public var joulesPerCorrect: JoulesFigure?
    public var latency: AccuracyMessage.Latency?
    public var edges: Int
    public var devices: Int
    public var secondsToFirstInference: Double?
    public var secondsTotal: Double

    private var newest: Version? { versions.last }

    /// - Parameters:
    ///   - started: wall time at which the run began.
    ///   - now: wall time of the report.
    ///   - jobs: the job that made each version, by version, where it is known.
    public init(of model: String, in fleet: FleetView, started: Double, now: Double, jobs: [Int: String] = [:]) {
        self.model = model
        let released = fleet.releases.filter { $0.key.model == model }.sorted { $0.key < $1.key }
        versions = released.map { key, release in
            let score = fleet.accuracy[key]
            let updates = fleet.updates.filter { $0.key.model == model }.compactMap { $0.value[key.version] }
            return Version(
                version: key.version, accuracy: score?.accuracy, errors: score?.errors, heads: score?.heads ?? [:],
                scored: score?.scored ?? 0, bytes: release.size,
                compressedBytes: release.compressedBytes, method: updates.first?.method,
                updateBytes: updates.map(\.bytes).max(), installSeconds: updates.compactMap(\.seconds).max(),
                phases: jobs[key.version].flatMap { fleet.jobs[$0] }?.seconds ?? [:])
        }
        let newestScore = versions.last.flatMap {
            fleet.accuracy[FleetView.ModelVersion(model: model, version: $0.version)]
        }
        basis = newestScore?.basis
        teacher = newestScore?.teacher
        joulesPerInference = newestScore?.joulesPerInference
        joulesPerCorrect = newestScore?.joulesPerCorrect
        latency = newestScore?.latency
        studentParameters = released.last?.value.parameters
        teacherParameters = released.last?.value.report["teacher"]?.object?["parameters"]?.integer.map(Int.init)
        edges = fleet.installed.keys.filter { $0.model == model }.count
        devices = fleet.summary?.devices.known ?? 0
        // Whoever comes later knows it from the aggregator, which may have counted before this run.
        let first = fleet.firstInference ?? fleet.summary?.firstInference
        secondsToFirstInference = first.flatMap { $0 >= started ? $0 - started : nil }
        secondsTotal = now - started
    }

    /// The report for programs; keys stay, absent where there is no figure.
    public var json: JSONValue {
        var teacherObject = JSONObject()
        if let accuracy = teacher?.accuracy {
            teacherObject["accuracy"] = JSONValue(accuracy.value, places: 4)
            teacherObject["low"] = JSONValue(accuracy.low, places: 4)
            teacherObject["high"] = JSONValue(accuracy.high, places: 4)
        }
        teacherObject["mae"] = teacher?.errors.map { JSONValue($0.meanAbsolute, places: 6) }
        teacherObject["rmse"] = teacher?.errors.map { JSONValue($0.rootMeanSquare, places: 6) }
        teacherObject["scored"] = (teacher?.scored).map { .integer(Int64($0)) }
        teacherObject["agreement"] = (teacher?.agreement).map { JSONValue($0.value, places: 4) }
        teacherObject["parameters"] = teacherParameters.map { .integer(Int64($0)) }

        var studentObject = JSONObject()
        if let newest {
            if let accuracy = newest.accuracy {
                studentObject["accuracy"] = JSONValue(accuracy.value, places: 4)
                studentObject["low"] = JSONValue(accuracy.low, places: 4)
                studentObject["high"] = JSONValue(accuracy.high, places: 4)
            }
            newest.writeScores(to: &studentObject)
            studentObject["scored"] = .integer(Int64(newest.scored))
            studentObject["bytes"] = .integer(Int64(newest.bytes))
            studentObject["compressedBytes"] = .integer(Int64(newest.compressedBytes))
        }
        studentObject["parameters"] = studentParameters.map { .integer(Int64($0)) }
        studentObject["latencyUs"] = latency.map { JSONValue($0.median, places: 1) }
        for (key, figure) in [("joulesPerInference", joulesPerInference), ("joulesPerCorrect", joulesPerCorrect)] {
            guard let figure else { continue }
            studentObject[key] = figure.json
        }

        var object: JSONObject = ["model": .string(model)]
        object["basis"] = (basis?.rawValue).map(JSONValue.string)
        object["teacher"] = .object(teacherObject)
        object["student"] = .object(studentObject)
        if let newest, newest.version > 1 {
            var update = JSONObject()
            update["bytes"] = newest.updateBytes.map { .integer(Int64($0)) }
            update["method"] = newest.method.map(JSONValue.string)
            update["seconds"] = newest.installSeconds.map { JSONValue($0, places: 2) }
            object["update"] = .object(update)
        }
        object["versions"] = .array(versions.map(\.json))
        object["edges"] = .integer(Int64(edges))
        object["devices"] = .integer(Int64(devices))
        var seconds = JSONObject()
        seconds["firstInference"] = secondsToFirstInference.map { JSONValue($0, places: 1) }
        seconds["total"] = JSONValue(secondsTotal, places: 1)
        object["seconds"] = .object(seconds)
        return .object(object)
    }
}

extension FleetReport.Version {
    /// What tasks of several heads and regressions are scored by.
    func writeScores(to object: inout JSONObject) {
        if let errors {
            object["mae"] = JSONValue(errors.meanAbsolute, places: 6)
            object["rmse"] = JSONValue(errors.rootMeanSquare, places: 6)
            object["unit"] = errors.unit.map(JSONValue.string)
        }
        guard !heads.isEmpty else { return }
        var members = JSONObject()
        for (head, score) in heads.sorted(by: { $0.key < $1.key }) {
            var member: JSONObject = ["scored": .integer(Int64(score.scored))]
            member["accuracy"] = score.accuracy.map { JSONValue($0.value, places: 4) }
            members[head] = .object(member)
        }
        object["heads"] = .object(members)
    }

    var json: JSONValue {
        var object: JSONObject = ["version": .integer(Int64(version)), "scored": .integer(Int64(scored))]
        object["accuracy"] = accuracy.map { JSONValue($0.value, places: 4) }
        writeScores(to: &object)
        object["bytes"] = .integer(Int64(bytes))
        object["compressedBytes"] = .integer(Int64(compressedBytes))
        object["method"] = method.map(JSONValue.string)
        object["updateBytes"] = updateBytes.map { .integer(Int64($0)) }
        object["installSeconds"] = installSeconds.map { JSONValue($0, places: 2) }
        var seconds = JSONObject()
        for (phase, value) in phases.sorted(by: { $0.key < $1.key }) { seconds[phase] = JSONValue(value, places: 2) }
        object["seconds"] = .object(seconds)
        return .object(object)
    }
}
