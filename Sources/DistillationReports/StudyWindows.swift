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
            labels: indices.map { values[0][$0].isNaN ? LabelledWindows.unlabelled : Int(values[0][$0]) },
            groups: indices.map { groups[$0] })
    }

    /// The class or number of a window, NaN where none is known.
    static func truth(_ windows: LabelledWindows, _ index: Int, head: Int) -> Float {
        windows.labels[index] == LabelledWindows.unlabelled ? .nan : Float(windows.labels[index])
    }

    /// A task with what is to be learnt put in.
    static func task(named name: String, targets: [StudyTarget], _ plain: TaskDocument) -> TaskDocument {
        var task = plain
        if targets[0].isValue {
            task.kind = .regression
            task.target = .init(name: targets[0].name, unit: "")
        } else {
            task.classes = targets[0].classes.map { .init(name: $0) }
        }
        return task
    }
}
