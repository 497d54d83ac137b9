import Distillation
import Energy
import ModelArtifact
import Presentation
import Telemetry

extension StudyReport {
    /// The report in a few lines for a terminal.
    public var text: String {
        var lines = [
            "\(task.name): \(facts.rows) rows of \(task.channels.count) channels, windows of \(task.window) by \(task.step); "
                + "\(trainingWindows) train, \(validationWindows) validate, \(testWindows) test"
                + (facts.testGroups.isEmpty ? " (later in time)" : " (\(facts.testGroups.count) unseen)")
        ]
        for model in models {
            let name = Self.name(of: model.role)
            lines.append(
                "  " + name + String(repeating: " ", count: 14 - name.count)
                    + model.test.map(Self.brief).joined(separator: ", ")
                    + "  \(model.spec.parameterCount) parameters, \(model.bytes) bytes, "
                    + "\(Figure.metric(model.latency.median, "s")) here")
        }
        if let agreement {
            lines.append("  student and teacher agree on \(Figure.percent(agreement.value)) of the test")
        }
        if let gapClosed, gapClosed < 0 {
            lines.append("  distillation did not help here: labels alone are as good")
        } else if let gapClosed {
            lines.append("  distillation closed \(Figure.percent(gapClosed, places: 0)) of the gap to the teacher")
        }
        if let student = model(.student) {
            let energy = student.energy
            lines.append(
                "  energy        \(Figure.metric(energy.value, "J")) an inference (\(Figure.metric(energy.low, "J")) to "
                    + "\(Figure.metric(energy.high, "J")), \(energy.method.rawValue), compute, \(profile.name))")
        }
        if compression.count > 3 { lines += compressionLines }
        if !updates.isEmpty { lines += updateLines }
        if let focus { lines += focus.rows.map(focusLine) }
        for comparison in [comparison, superclassComparison].compactMap(\.self) {
            lines += comparison.rows.map { row in
                "  over \(row.qualities.count) seeds, "
                    + (comparison.comparesSuperclasses ? "superclasses by " : "") + row.method.rawValue + ": "
                    + brief(row.mean, row.deviation)
                    + (row.teachers.isEmpty ? "" : ", teachers \(brief(row.teacherMean, nil))")
            }
        }
        lines += facts.notes.map { "  note: \($0)" }
        return lines.joined(separator: "\n")
    }

    private func brief(_ mean: Double, _ deviation: Double?) -> String {
        targets[0].isValue
            ? "R² \(Figure.fixed(mean, 3))" + (deviation.map { " ± \(Figure.fixed($0, 3))" } ?? "")
            : Figure.percent(mean) + (deviation.map { " ± \(Figure.fixed($0 * 100, 1))" } ?? "")
    }

    private var compressionLines: [String] {
        var lines: [String] = []
        for row in compression {
            var line = "  " + row.step + String(repeating: " ", count: max(1, 30 - row.step.count))
            line += "\(row.parameters) parameters"
            if row.nonZero < row.parameters { line += " (\(row.nonZero) not zero)" }
            line += ", \(row.bytes) bytes (\(row.compressedBytes) in zstd)"
            if let test = row.test {
                line += ", \(targets[0].isValue ? "R² \(Figure.fixed(test, 3))" : Figure.percent(test))"
            }
            if let layer = row.brokenBy { line += "; costs more than allowed, layer \(layer) most" }
            if row.brokenBy == nil, !row.eased.isEmpty {
                line += "; eased at layer \(row.eased.keys.sorted().map(String.init).joined(separator: ", "))"
            }
            lines.append(line)
        }
        return lines
    }

    private var updateLines: [String] {
        let base = baseQuality.map { ["  the base scores \(brief($0, nil))"] } ?? []
        return base
            + updates.map { row in
                "  update within \(row.budget): \(row.bytes) bytes of \(row.fullBytes), "
                    + "\(Figure.percent(row.changedWeights)) of the weights moved"
                    + (row.test.map { ", \(brief($0, nil))" } ?? "")
            }
    }

    private func focusLine(_ row: FocusComparison.Row) -> String {
        "  focus, \(conditionName(row.condition)): \(Figure.percent(row.focus.plain)) to "
            + "\(Figure.percent(row.focus.focused)) of its windows, the others \(Figure.percent(row.others.plain)) to "
            + Figure.percent(row.others.focused)
    }

    /// A condition in a few words.
    func conditionName(_ condition: Robustness.Condition) -> String {
        switch condition {
        case .clean: "as recorded"
        case .noise(let share): "noise of \(Figure.fixed(Double(share), 1)) deviations"
        case .rotation(let degrees): "turned by \(Figure.fixed(Double(degrees), 0))°"
        case .lostChannel(let channel): "without \(task.channels[channel].name)"
        }
    }

    static func name(of role: Role) -> String {
        switch role {
        case .teacher: "teacher"
        case .student: "student"
        case .baseline: "labels alone"
        }
    }

    private static func brief(_ scores: TargetScores) -> String {
        switch scores {
        case .classes(let scores):
            guard let accuracy = scores.accuracy else { return "–" }
            return "\(Figure.percent(accuracy.value)) (\(Figure.fixed(accuracy.low * 100, 1))-"
                + "\(Figure.fixed(accuracy.high * 100, 1)))"
        case .value(let scores):
            return "R² \(scores.determination.map { Figure.fixed($0, 3) } ?? "–"), mean error "
                + Figure.significant(scores.meanAbsoluteError)
        }
    }
}
