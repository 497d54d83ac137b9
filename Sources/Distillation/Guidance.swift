import NeuralNetwork

/// What a student learns from besides labels.
public enum Guidance: Sendable {
    /// Labels alone.
    case none
    /// One teacher, or several whose logits are averaged: the geometric mean of their probabilities.
    case teachers([TrainedTeacher])
    /// Answers given once for each window, by a teacher made anywhere.
    case answers(TeacherAnswers)
}

/// What a teacher said of each of some windows.
public struct TeacherAnswers: Sendable, Equatable {
    /// (windows × outputs): logarithms of probabilities, or the value of a regression; NaN throughout a row where the
    /// teacher was not asked.
    let logits: [Float]
    public let outputs: Int

    /// - Parameter probabilities: (windows × classes), rows that sum to one, or NaN throughout for none.
    /// - Throws: `DistillationError.badTeacher` if a row is neither.
    public init(probabilities: [Float], outputs: Int) throws(DistillationError) {
        try self.init(probabilities: probabilities, outputs: outputs, heads: 1)
    }

    /// - Parameters:
    ///   - probabilities: (windows × outputs), rows that sum to one for each head, or NaN throughout for none.
    ///   - heads: how many follow one another in a row.
    /// - Throws: `DistillationError.badTeacher` if a row is neither.
    public init(probabilities: [Float], outputs: Int, heads: Int) throws(DistillationError) {
        precondition(outputs > 0 && probabilities.count % outputs == 0, "whole rows")
        for start in stride(from: 0, to: probabilities.count, by: outputs) {
            let row = probabilities[start..<start + outputs]
            if row.allSatisfy(\.isNaN) { continue }
            guard row.allSatisfy({ $0 >= 0 }), abs(row.reduce(0, +) - Float(heads)) < 0.01 * Float(heads) else {
                throw DistillationError(
                    .badTeacher, "answer \(start / outputs): probabilities must be 0 or more and sum to 1")
            }
        }
        self.outputs = outputs
        logits = probabilities.map { $0.isNaN ? $0 : Losses.logarithm(max($0, 1e-6)) }
    }

    /// - Parameter values: (windows), NaN for none.
    public init(values: [Float]) {
        outputs = 1
        logits = values
    }

    var count: Int { logits.count / outputs }
}
