import Distillation
import JSON
import ModelArtifact
import NeuralNetwork

/// A teacher of the training engine with its task, as verdicts and the next job need it.
struct EngineTeacher: TeacherModel {
    let task: TaskDocument
    let teacher: TrainedTeacher
    let report: JSONObject
    let file: [UInt8]

    init(task: TaskDocument, teacher: TrainedTeacher, report: JSONObject) {
        self.task = task
        self.teacher = teacher
        self.report = report
        file = teacher.encode(task: task, report: JSONValue.object(report).text)
    }

    func answers(to values: [Float]) throws -> [Float] {
        let count = values.count / (task.window * task.channels.count)
        let none = [Int](repeating: LabelledWindows.unlabelled, count: count)
        let windows = try LabelledWindows(
            samples: task.window, channels: task.channels.count, values: values, labels: none,
            groups: [Int](repeating: 0, count: count))
        var answers = try teacher.logits(windows)
        for row in 0..<count {
            let start = row * task.outputs
            for head in task.headRanges {
                Self.softmax(&answers, start + head.lowerBound..<start + head.upperBound)
            }
        }
        return answers
    }

    private static func softmax(_ values: inout [Float], _ range: Range<Int>) {
        let highest = values[range].max() ?? 0
        // In double, so that many small shares still sum to one.
        let shares = range.map { exponential(Double(values[$0] - highest)) }
        let sum = shares.reduce(0, +)
        for (index, share) in zip(range, shares) { values[index] = Float(share / sum) }
    }
}
