@testable import NeuralNetwork

/// Losses over four rows of five logits, by the names that `Fixtures/losses.json` gives them.
enum LossCase {
    /// Takes where the gradient by all logits stands, and returns the loss.
    typealias Loss = (UnsafeMutablePointer<Float>) -> Float

    private static let outputs = 5

    private static func row(_ values: [Float], _ index: Int) -> [Float] {
        Array(values[index * outputs..<(index + 1) * outputs])
    }

    /// Losses on a row of logits, summed over rows, and the one on all rows together.
    static func rows(_ logits: [Float], teacher: [Float], labels: [Int]) -> [String: Loss] {
        func sum(_ loss: @escaping (Int, UnsafeMutablePointer<Float>) -> Float) -> Loss {
            { gradient in labels.indices.reduce(0) { $0 + loss($1, gradient + $1 * outputs) } }
        }
        return [
            "crossEntropy": sum { index, gradient in
                Losses.crossEntropy(
                    row(logits, index), classes: outputs, label: labels[index], addingTo: gradient)
            },
            "crossEntropy, smoothing 0.1": sum { index, gradient in
                Losses.crossEntropy(
                    row(logits, index), classes: outputs, label: labels[index], smoothing: 0.1, addingTo: gradient)
            },
            "crossEntropy, pooled": sum { index, gradient in
                Losses.crossEntropy(
                    row(logits, index), classOfOutput: [0, 0, 1, 1, 2], classes: 3, label: labels[index] % 3,
                    addingTo: gradient)
            },
            "softened, temperature 3": sum { index, gradient in
                Losses.softened(
                    teacher: row(teacher, index), student: row(logits, index), classes: outputs, temperature: 3,
                    addingTo: gradient)
            },
            "contrast, temperature 2": { gradient in
                Losses.contrast(
                    logits, windows: labels.count, outputs: outputs, stride: outputs, temperature: 2,
                    addingTo: gradient)
            },
        ]
    }

    /// Losses on one output, summed over all.
    static func elements(_ logits: [Float], teacher: [Float], labels: [Int]) -> [String: Loss] {
        func sum(_ loss: @escaping (Int, UnsafeMutablePointer<Float>) -> Float) -> Loss {
            { gradient in logits.indices.reduce(0) { $0 + loss($1, gradient + $1) } }
        }
        return [
            "logistic": sum { index, gradient in
                Losses.logisticCrossEntropy(logits[index], label: labels[index / outputs] % 2, addingTo: gradient)
            },
            "logistic, softened, temperature 3": sum { index, gradient in
                Losses.logisticSoftened(
                    teacher: teacher[index], student: logits[index], temperature: 3, addingTo: gradient)
            },
            "squared": sum { index, gradient in
                Losses.squared(logits[index], target: teacher[index], addingTo: gradient)
            },
        ]
    }
}
