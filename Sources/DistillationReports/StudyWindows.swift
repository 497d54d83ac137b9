import ModelArtifact
import NeuralNetwork
import Recordings

/// Brings targets into the form that tasks and training take.
enum StudyWindows {
    /// - Parameter values: for each target the windows' classes or numbers, NaN where none is known.
    static func make(
        _ cut: CutWindows, _ values: [[Float]], groups: [Int], _ indices: [Int]
    ) throws -> LabelledWindows {
        let size = cut.samples * cut.channels
        var samples: [Float] = []
        samples.reserveCapacity(indices.count * size)
        for index in indices { samples += cut.values[index * size..<(index + 1) * size] }
        return try LabelledWindows(
            samples: cut.samples, channels: cut.channels, values: samples,
            targets: indices.flatMap { index in values.map { $0[index] } }, heads: values.count,
            groups: indices.map { groups[$0] })
    }

    /// A task with what is to be learnt put in.
    static func task(named name: String, targets: [StudyTarget], _ plain: TaskDocument) -> TaskDocument {
        var task = plain
        if targets.count > 1 {
            task.kind = .multiHead
            task.heads = targets.map { .init(name: $0.name, classes: $0.classes.map { .init(name: $0) }) }
        } else if targets[0].isValue {
            task.kind = .regression
            task.target = .init(name: targets[0].name, unit: "")
        } else {
            task.classes = targets[0].classes.map { .init(name: $0) }
        }
        return task
    }
}
