public import NeuralNetwork

/// How well answers agree with what is known of windows.
public struct Scores: Sendable, Equatable {
    /// Windows of which something is known.
    public var windows: Int
    /// Share of right answers, by head; a head of which nothing is known, and a regression, has none.
    public var headAccuracies: [Double?]
    /// Of a regression, in the target's unit.
    public var meanAbsoluteError: Double?
    public var rootMeanSquareError: Double?
    /// Of a regression: the share of the targets' variance that is explained.
    public var determination: Double?

    /// Share of right answers, the mean over heads.
    public var accuracy: Double? {
        let known = headAccuracies.compactMap(\.self)
        return known.isEmpty ? nil : known.reduce(0, +) / Double(known.count)
    }

    /// One figure that is higher for the better, to compare students of a task by: accuracy, or the share of variance
    /// explained.
    public var quality: Double? { accuracy ?? determination }

    /// - Parameter logits: (windows × outputs); real values for a regression.
    /// - Returns: `nil` if nothing is known of any window.
    public init?(_ logits: [Float], _ windows: LabelledWindows, _ layout: OutputLayout) {
        precondition(logits.count == windows.count * layout.outputs, "a row of outputs for each window")
        let known = (0..<windows.count).filter { windows.isLabelled($0) }
        guard !known.isEmpty else { return nil }
        self.windows = known.count
        headAccuracies = []
        for (position, head) in layout.heads.enumerated() {
            let rows = known.filter { !windows.target($0, head: position).isNaN }
            guard !rows.isEmpty else {
                headAccuracies.append(nil)
                continue
            }
            if head.form == .value {
                headAccuracies.append(nil)
                scoreValues(
                    rows.map { (Double(logits[$0 * layout.outputs]), Double(windows.target($0))) })
                continue
            }
            let right = rows.count { row in
                head.classIndex(logits[row * layout.outputs..<(row + 1) * layout.outputs])
                    == head.classOfLabel[windows.label(row, head: position)]
            }
            headAccuracies.append(Double(right) / Double(rows.count))
        }
    }

    private mutating func scoreValues(_ pairs: [(answer: Double, target: Double)]) {
        let count = Double(pairs.count)
        let mean = pairs.reduce(0) { $0 + $1.target } / count
        let squares = pairs.reduce(0) { $0 + ($1.answer - $1.target) * ($1.answer - $1.target) }
        let spread = pairs.reduce(0) { $0 + ($1.target - mean) * ($1.target - mean) }
        meanAbsoluteError = pairs.reduce(0) { $0 + abs($1.answer - $1.target) } / count
        rootMeanSquareError = (squares / count).squareRoot()
        determination = spread > 0 ? 1 - squares / spread : nil
    }
}

extension OutputLayout.Head {
    /// Probability of each class.
    ///
    /// - Parameter logits: of one window, all outputs of the network.
    /// - Precondition: no value.
    public func probabilities(_ logits: ArraySlice<Float>) -> [Double] {
        precondition(form != .value, "a value has no probabilities")
        let own = logits[logits.startIndex + range.lowerBound..<logits.startIndex + range.upperBound]
        if form == .sigmoid {
            let p = Double(Losses.logistic(own.first ?? 0))
            return [1 - p, p]
        }
        var shares = [Float](repeating: 0, count: own.count)
        Array(own).withUnsafeBufferPointer { from in
            shares.withUnsafeMutableBufferPointer { to in
                guard let from = from.baseAddress, let to = to.baseAddress else { return }
                Losses.softmax(from, classes: own.count, into: to)
            }
        }
        var result = [Double](repeating: 0, count: classes)
        for (share, c) in zip(shares, classOfOutput) { result[c] += Double(share) }
        return result
    }

    /// The most probable class; the first of equals.
    ///
    /// - Parameter logits: of one window, all outputs of the network.
    public func classIndex(_ logits: ArraySlice<Float>) -> Int {
        if form == .softmax, !hasSubclasses {
            var best = range.lowerBound
            for output in range where logits[logits.startIndex + output] > logits[logits.startIndex + best] {
                best = output
            }
            return best - range.lowerBound
        }
        let p = probabilities(logits)
        return p.indices.reduce(0) { p[$1] > p[$0] ? $1 : $0 }
    }
}
