import ModelArtifact
import NeuralNetwork

/// The loss of one window: what is known of it, and what a teacher thinks of it, each by the form of its head.
struct Objective: Sendable {
    let layout: OutputLayout
    let scale: TargetScale
    /// Share of the target that is spread evenly.
    var smoothing: Float = 0
    /// (classes of the first head): factor of a window by its class; none if empty.
    var classWeights: [Float] = []

    /// Factor of a window by what is known of it.
    func weight(_ windows: LabelledWindows, _ index: Int) -> Float {
        guard !classWeights.isEmpty, let head = layout.heads.first, head.form != .value else { return 1 }
        let label = windows.label(index)
        return label >= 0 ? classWeights[head.classOfLabel[label]] : 1
    }

    /// Loss against the known targets of a window; heads of which nothing is known add nothing.
    ///
    /// - Parameters:
    ///   - logits: (outputs).
    ///   - gradient: (outputs), the gradient by the logits is added.
    func hard(
        _ logits: UnsafePointer<Float>, _ windows: LabelledWindows, _ index: Int, weight: Float,
        addingTo gradient: UnsafeMutablePointer<Float>
    ) -> Float {
        var loss: Float = 0
        for (position, head) in layout.heads.enumerated() {
            let target = windows.target(index, head: position)
            guard !target.isNaN else { continue }
            let start = head.range.lowerBound
            switch head.form {
            case .softmax where head.hasSubclasses:
                loss += Losses.crossEntropy(
                    logits + start, classOfOutput: head.classOfOutput, classes: head.classes,
                    label: head.classOfLabel[Int(target)], smoothing: smoothing, weight: weight,
                    addingTo: gradient + start)
            case .softmax:
                loss += Losses.crossEntropy(
                    logits + start, classes: head.range.count, label: Int(target), smoothing: smoothing,
                    weight: weight, addingTo: gradient + start)
            case .sigmoid:
                loss += Losses.logisticCrossEntropy(
                    logits[start], label: Int(target), smoothing: smoothing, weight: weight, addingTo: gradient + start)
            case .value:
                loss += Losses.squared(
                    logits[start], target: scale.standardised(target), weight: weight, addingTo: gradient + start)
            }
        }
        return loss
    }

    /// Loss against a teacher's logits (real values for a regression).
    func soft(
        _ logits: UnsafePointer<Float>, teacher: UnsafePointer<Float>, temperature: Float, weight: Float,
        addingTo gradient: UnsafeMutablePointer<Float>
    ) -> Float {
        var loss: Float = 0
        for head in layout.heads {
            let start = head.range.lowerBound
            switch head.form {
            case .softmax:
                loss += Losses.softened(
                    teacher: teacher + start, student: logits + start, classes: head.range.count,
                    temperature: temperature, weight: weight, addingTo: gradient + start)
            case .sigmoid:
                loss += Losses.logisticSoftened(
                    teacher: teacher[start], student: logits[start], temperature: temperature, weight: weight,
                    addingTo: gradient + start)
            case .value:
                loss += Losses.squared(
                    logits[start], target: scale.standardised(teacher[start]), weight: weight,
                    addingTo: gradient + start)
            }
        }
        return loss
    }
}
