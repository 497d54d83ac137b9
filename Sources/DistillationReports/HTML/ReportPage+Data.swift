import Distillation
import ModelArtifact
import NeuralNetwork
import Presentation

extension ReportPage {
    /// What was read and how it was split.
    func data(_ page: inout Markup) {
        let facts = report.facts
        section(&page, "Data") { section in
            let rate = facts.rate.map { " at \(Figure.significant($0)) samples a second" } ?? ""
            section.element(
                "p",
                text:
                    "\(Figure.count(facts.rows)) rows of \(facts.files) \(facts.files == 1 ? "file" : "files")\(rate), "
                    + "\(report.task.channels.count) channels (\(report.task.channels.map(\.name).joined(separator: ", "))). "
                    + "Windows of \(report.task.window) samples every \(report.task.step), each within one label. "
                    + split)
            table(
                &section, ["part", "windows"],
                [
                    ["training", Figure.count(report.trainingWindows)],
                    ["validation, within training", Figure.count(report.validationWindows)],
                    ["test", Figure.count(report.testWindows)],
                    ["without a label, in training", Figure.count(facts.unlabelled)],
                ])
            counts(&section, facts)
            guard !facts.notes.isEmpty else { return }
            section.element("h3", text: "Notes")
            section.element("ul", ["class": "notes"]) { list in
                for note in facts.notes { list.element("li", text: note + ".") }
            }
        }
    }

    private func counts(_ section: inout Markup, _ facts: StudyData.Facts) {
        section.element("details") { details in
            details.element("summary", text: "Windows of each class")
            for (target, counts) in zip(report.targets, facts.counts) where !target.isValue {
                table(
                    &details, [target.name, "training and validation", "test"],
                    zip(target.classes, counts).map { name, count in
                        [name, Figure.count(count.training), Figure.count(count.test)]
                    })
            }
        }
    }

    private var split: String {
        let facts = report.facts
        let things = facts.isGrouped ? "groups" : "files"
        switch facts.method {
        case "time":
            return "The last part of each class was kept for the test."
        default:
            let how = facts.method == "pattern" ? "as named" : "by a hash of their names"
            let names = facts.testGroups.prefix(12).joined(separator: ", ")
            let more = facts.testGroups.count > 12 ? " and \(facts.testGroups.count - 12) more" : ""
            return
                "Whole \(things) were kept for the test, \(how): \(names)\(more). \(facts.trainingGroups) \(things) are left "
                + "for training, and validation takes whole ones of these."
        }
    }

    /// How it can be made again.
    func making(_ page: inout Markup) {
        section(&page, "How it was made") { section in
            let options = report.options
            var rows = [
                ["seed and threads", "\(options.seed), \(options.threads)"],
                ["temperature", Figure.fixed(Double(options.temperature), 1)],
                ["weight of the teacher (alpha)", Figure.fixed(Double(options.alpha), 2)],
                ["windows of a step", "\(options.batch)"],
            ]
            for model in report.models {
                let passes = [(false, "float"), (true, "int8")].compactMap { onGrid, name in
                    report.curve(model, onGrid: onGrid).last.map { "\($0.epoch) \(name)" }
                }
                rows.append([
                    "passes, \(name(model.role))",
                    passes.joined(separator: ", ") + " in \(Figure.duration(model.seconds))",
                ])
            }
            rows.append(["whole study", Figure.duration(report.seconds)])
            rows.append(["student, SHA-256", String(report.studentDigest.prefix(16)) + "…"])
            table(&section, ["", ""], rows)
            if !report.command.isEmpty {
                section.element("p") { line in line.element("code", text: report.command) }
            }
        }
    }
}
