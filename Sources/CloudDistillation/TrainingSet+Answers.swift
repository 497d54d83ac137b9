import ModelArtifact
import Telemetry

/// What teachers elsewhere said of windows. An answer belongs to a window's values: windows with equal values share the
/// last one, and it goes when the last of them goes.
extension TrainingSet {
    /// What an answer that came did.
    enum AnswerOutcome: Sendable, Equatable {
        case taken
        /// The same came before, or a later one.
        case outdated
        /// No such window is held.
        case unknown
    }

    /// Takes in what was said of a window.
    mutating func take(_ answer: WindowAnswer, for key: WindowKey, changes: inout [Change]) -> AnswerOutcome {
        guard let content = entry(key)?.content else { return .unknown }
        if let held = answers[content], held.t > answer.t || held == answer { return .outdated }
        put(answer, content)
        changes.append(.storeAnswer(content, answer))
        return .taken
    }

    /// Takes in an answer that was kept; one whose windows are gone is left out.
    mutating func restore(_ answer: WindowAnswer, for content: ContentKey) {
        if contents[content] != nil, answer.values.count == task.outputs { put(answer, content) }
    }

    /// Removes the answer to a window's values.
    mutating func forgetAnswer(_ content: ContentKey) {
        guard let answer = answers.removeValue(forKey: content) else { return }
        for name in answer.countedAs(task) {
            answerCounts[name, default: 1] -= 1
            if answerCounts[name] == 0 { answerCounts[name] = nil }
        }
    }

    private mutating func put(_ answer: WindowAnswer, _ content: ContentKey) {
        forgetAnswer(content)
        answers[content] = answer
        for name in answer.countedAs(task) { answerCounts[name, default: 0] += 1 }
    }

    /// One window for each sample that a job may learn from, in an order that depends on nothing but devices and times:
    /// those with a label, and without one those that were answered, where that is who teaches.
    func distinctSamples(for teacher: JobRequest.Teacher) -> [Entry] {
        guard teacher == .verdicts else { return distinctSamples() }
        let labelled = Set(samples.keys.map(\.content))
        var seen = Set<SampleKey>()
        var answered = Set<ContentKey>()
        var result: [Entry] = []
        for device in entries.keys.sorted() {
            for entry in entries[device] ?? [] {
                if let target = entry.target {
                    let key = SampleKey(content: entry.content, target: target)
                    if seen.insert(key).inserted { result.append(entry) }
                } else if answers[entry.content] != nil, !labelled.contains(entry.content) {
                    if answered.insert(entry.content).inserted { result.append(entry) }
                }
            }
        }
        return result
    }
}
