import Distillation
import Energy
import ModelArtifact
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
        if let comparison {
            lines += comparison.rows.map { row in
                let name = row.method.rawValue
                return "  over \(row.qualities.count) seeds, \(name): "
                    + (targets[0].isValue
                        ? "R² \(Figure.fixed(row.mean, 3)) ± \(Figure.fixed(row.deviation, 3))"
                        : "\(Figure.percent(row.mean)) ± \(Figure.fixed(row.deviation * 100, 1))")
            }
        }
        lines += facts.notes.map { "  note: \($0)" }
        return lines.joined(separator: "\n")
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
