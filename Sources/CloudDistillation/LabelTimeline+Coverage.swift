import ModelArtifact

/// What the labels of a device say of its windows.
extension LabelTimeline {
    /// What the labels say of a window of a task: the class whose labels alone cover it wholly, one head after another
    /// where there are several; of a regression the value at the window's end.
    func coverage(from: Double, to: Double, task: TaskDocument) -> LabelCoverage {
        switch task.kind {
        case .classification:
            switch coveringClass(from, to, { $0.isUsable(for: task) ? $0.className : nil }) {
            case .unknown: return .unlabelled
            case .mixed: return .mixed
            case .known(let label): return .covered(.label(label))
            }
        case .regression: return value(from, to)
        case .multiHead:
            var known: [String: String] = [:]
            var isMixed = false
            for head in task.heads {
                switch coveringClass(from, to, { $0.isUsable(for: task) ? $0.className(ofHead: head.name) : nil }) {
                case .unknown: break
                case .mixed: isMixed = true
                case .known(let label): known[head.name] = label
                }
            }
            if known.isEmpty { return isMixed ? .mixed : .unlabelled }
            return .covered(.heads(known))
        }
    }

    private enum Finding {
        case unknown, mixed
        case known(String)
    }

    /// - Parameter className: what a label says, nothing where it says nothing of this.
    private func coveringClass(
        _ from: Double, _ to: Double, _ className: (WindowTarget) -> String?
    ) -> Finding {
        var found: String?
        var isCovered = false
        var isMixed = false
        forEachLabel(touching: from, to) { label, target in
            guard let said = className(target) else { return }
            if let found, found != said { isMixed = true }
            found = said
            if label.from <= from + Self.tolerance && to <= label.to + Self.tolerance { isCovered = true }
        }
        guard let found else { return .unknown }
        return isCovered && !isMixed ? .known(found) : .mixed
    }

    /// The value said last of those that hold at the window's end, as numbers change within a window.
    private func value(_ from: Double, _ to: Double) -> LabelCoverage {
        var best: (t: Double, id: String, value: Double)?
        var isTouched = false
        forEachLabel(touching: from, to) { label, target in
            guard case .value(let value) = target else { return }
            isTouched = true
            guard to <= label.to + Self.tolerance else { return }
            if let best, (best.t, best.id) > (label.t, label.id) { return }
            best = (label.t, label.id, value)
        }
        guard let best else { return isTouched ? .mixed : .unlabelled }
        return .covered(.value(best.value))
    }
}

extension WindowTarget {
    fileprivate var className: String? { if case .label(let label) = self { label } else { nil } }

    fileprivate func className(ofHead head: String) -> String? {
        if case .heads(let heads) = self { heads[head] } else { nil }
    }
}
