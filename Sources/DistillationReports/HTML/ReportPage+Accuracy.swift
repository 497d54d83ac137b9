import Presentation
import Telemetry

extension ReportPage {
    /// Accuracy and confusion of each target.
    func accuracySections(_ page: inout Markup) {
        for (index, target) in report.targets.enumerated() {
            let title = report.targets.count > 1 ? "\(target.name): " : ""
            if target.isValue {
                section(&page, title + "Answers") { values(&$0, index) }
            } else {
                section(&page, title + "Accuracy by class") { classes(&$0, index) }
                section(&page, title + "What is taken for what") { confusion(&$0, index) }
            }
        }
    }

    private func scores(_ index: Int) -> [(role: StudyReport.Role, scores: ClassScores)] {
        report.models.compactMap { model in
            guard case .classes(let scores) = model.test[index] else { return nil }
            return (model.role, scores)
        }
    }

    private func classes(_ page: inout Markup, _ index: Int) {
        let models = scores(index)
        guard let student = models.first(where: { $0.role == .student })?.scores else { return }
        let total = models.map { role, scores in
            guard let accuracy = scores.accuracy else { return "\(name(role)) –" }
            return "\(name(role)) \(Figure.percent(accuracy.value)) "
                + "(\(Figure.fixed(accuracy.low * 100, 1))–\(Figure.fixed(accuracy.high * 100, 1)))"
        }
        page.element(
            "p",
            text: "Right answers on the test part, with 95 % Wilson intervals: " + total.joined(separator: "; ") + ". "
                + "Beneath, F1 of each class: the harmonic mean of precision and recall.")
        legend(&page)
        let order = student.classes.indices.sorted { (student.f1($0) ?? -1) > (student.f1($1) ?? -1) }
        let rows = order.map { place in
            DotRows.Row(
                name: student.classes[place],
                dots: models.compactMap { role, scores in
                    scores.f1(place).map {
                        DotRows.Dot(style: role.rawValue, value: $0, title: "\(name(role)) \(Figure.percent($0))")
                    }
                })
        }
        figure(
            &page, "F1 of each class, the student's best first",
            DotRows(label: "F1 of each class by model", rows: rows, axis: 0...1).svg)
        let columns = ["class", "windows"] + models.flatMap { [name($0.role) + " precision", "recall", "F1"] }
        page.element("details") { details in
            details.element("summary", text: "Precision, recall and F1 as a table")
            table(
                &details, columns,
                student.classes.indices.map { place in
                    [student.classes[place], Figure.count(student.support(place))]
                        + models.flatMap { _, scores in
                            [
                                Figure.percent(scores.precision(place)), Figure.percent(scores.recall(place)?.value),
                                Figure.percent(scores.f1(place)),
                            ]
                        }
                } + [
                    ["mean of classes", Figure.count(student.count)]
                        + models.flatMap { ["", "", Figure.percent($0.scores.macroF1)] }
                ])
        }
    }

    private func confusion(_ page: inout Markup, _ index: Int) {
        page.element(
            "p",
            text:
                "A row for each true class, a column for each answer; the shade is the share of the row. Point at a cell "
                + "for its count.")
        let models = scores(index).filter { $0.role != .baseline }
        page.element("div", ["class": "pair"]) { pair in
            for (role, scores) in models {
                figure(
                    &pair, name(role) == "teacher" ? "Teacher" : "Student, in the integers that edges run",
                    ConfusionPicture(
                        scores: scores, style: role.rawValue, label: "Confusion matrix of the \(name(role))"
                    ).svg)
            }
        }
        guard let student = models.first(where: { $0.role == .student })?.scores else { return }
        let mistakes = student.classes.indices.flatMap { row in
            student.classes.indices.filter { $0 != row && student.confusion[row][$0] > 0 }.map { (row, $0) }
        }.sorted { student.confusion[$0.0][$0.1] > student.confusion[$1.0][$1.1] }
        guard !mistakes.isEmpty else { return }
        let named = mistakes.prefix(3).map { row, column in
            "\(student.classes[row]) for \(student.classes[column]) (\(student.confusion[row][column]) of "
                + "\(student.support(row)))"
        }
        page.element(
            "p", ["class": "soft"], text: "Most often the student takes " + named.joined(separator: ", ") + ".")
    }

    private func values(_ page: inout Markup, _ index: Int) {
        let models = report.models.compactMap { model -> (role: StudyReport.Role, scores: ValueScores)? in
            guard case .value(let scores) = model.test[index] else { return nil }
            return (model.role, scores)
        }
        table(
            &page, ["", "windows", "mean absolute error", "root mean square", "R²"],
            models.map { role, scores in
                [
                    name(role), Figure.count(scores.count), Figure.significant(scores.meanAbsoluteError),
                    Figure.significant(scores.rootMeanSquareError),
                    scores.determination.map { Figure.fixed($0, 3) } ?? "–",
                ]
            })
        page.element("div", ["class": "pair"]) { pair in
            for (role, scores) in models where role != .baseline {
                figure(
                    &pair, name(role),
                    ScatterPicture(
                        scores: scores, style: role.rawValue, label: "True values and answers of the \(name(role))"
                    ).svg)
            }
        }
    }
}
