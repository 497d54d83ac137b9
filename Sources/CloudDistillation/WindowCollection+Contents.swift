import JSON
import ModelArtifact
import ServiceRuntime
import Telemetry

/// What there is, for jobs and for people.
extension WindowCollection {
    func readiness(_ model: String, knownVersions: Set<Int>) -> ModelReadiness? {
        sets[model].map {
            ModelReadiness(
                task: $0.task, classCounts: $0.classCounts, sampleCount: $0.sampleCount, knownVersions: knownVersions,
                answerCounts: $0.answerCounts)
        }
    }

    /// One window for each sample of a model, with values; what was answered to them too, where that is learned.
    ///
    /// - Throws: ``Rejection`` for an unknown model, an error of the database.
    func samples(_ model: String, teacher: JobRequest.Teacher = .own) async throws -> CollectedSamples {
        guard let set = sets[model] else { throw Self.unknown(model) }
        var entries = set.distinctSamples(for: teacher)
        let task = set.task
        try await database.flush()
        let count = task.window * task.channels.count
        var (values, missing) = try await database.values(
            model: model, of: entries.map(\.content), valueCount: count)
        // Values that the database refused are not there; their windows cannot train.
        for place in missing.reversed() {
            values.removeSubrange(place * count..<(place + 1) * count)
            entries.remove(at: place)
        }
        board.setCount("windowsWithoutValues", to: missing.count)
        return CollectedSamples(
            task: task, values: values, targets: entries.map(\.target), devices: entries.map(\.key.device),
            answers: teacher == .verdicts ? CollectedSamples.Answers(set.answers, to: entries, task.outputs) : nil)
    }

    /// Keys of the windows that teach, for tests.
    func teachingWindows(_ model: String) -> [WindowKey] { sets[model]?.distinctSamples().map(\.key) ?? [] }

    /// What `status/` says of a model's windows.
    func summary(_ model: String) -> JSONObject? {
        guard let set = sets[model] else { return nil }
        var classes = JSONObject()
        for name in set.task.countNames { classes[name] = .integer(Int64(set.classCounts[name, default: 0])) }
        return [
            "windows": .integer(Int64(set.windowCount)), "labelled": .integer(Int64(set.sampleCount)),
            "repeats": .integer(Int64(set.labelledWindows - set.sampleCount)), "classes": .object(classes),
            "answered": .integer(Int64(set.answers.count)),
        ]
    }
}

extension CollectedSamples.Answers {
    /// What was said of the windows of a training set.
    init(_ answers: [ContentKey: WindowAnswer], to entries: [TrainingSet.Entry], _ outputs: Int) {
        let none = [Float](repeating: .nan, count: outputs)
        let given = entries.map { answers[$0.content] }
        var windows: [String: Int] = [:]
        for answer in given.compactMap({ $0 }) { windows[answer.teacher, default: 0] += 1 }
        self.init(
            values: given.flatMap { $0?.values ?? none }, outputs: outputs,
            teachers: windows.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map(\.key))
    }
}
