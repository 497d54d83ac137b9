import NeuralNetwork

extension Guidance {
    /// Whether a teacher says something of a window.
    func speaks(of window: Int, outputs: Int) -> Bool {
        switch self {
        case .none: false
        case .teachers: true
        case .answers(let answers): !answers.logits[window * outputs].isNaN
        }
    }

    /// The windows with what given answers say, the likeliest class or the value, where no target is known: what a gate and
    /// a scale are fitted to. Windows of several heads or of divided classes stay as they are.
    func completing(_ windows: LabelledWindows, _ layout: OutputLayout) throws(NetworkError) -> LabelledWindows {
        guard case .answers(let answers) = self, layout.heads.count == 1, let head = layout.heads.first,
            !head.hasSubclasses
        else { return windows }
        let outputs = answers.outputs
        let targets = (0..<windows.count).map { window -> Float in
            let target = windows.target(window)
            let answer = answers.logits[window * outputs..<(window + 1) * outputs]
            guard target.isNaN, let first = answer.first, !first.isNaN else { return target }
            switch head.form {
            case .value: return first
            case .sigmoid: return first > 0 ? 1 : 0
            case .softmax: return Float((answer.indices.max { answer[$0] < answer[$1] } ?? 0) - answer.startIndex)
            }
        }
        return try windows.withTargets(targets)
    }
}
