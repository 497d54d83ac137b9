import Distillation
import ModelArtifact
import Presentation
import Telemetry

extension ReportPage {
    /// What the teacher gave that labels did not.
    func distillation(_ page: inout Markup) {
        section(&page, "What distillation gave") { section in
            section.element("p", text: verdict)
            guard report.model(.baseline) != nil else { return }
            let rows = report.models.compactMap { model -> DotRows.Row? in
                guard let value = model.quality else { return nil }
                return DotRows.Row(
                    name: name(model.role),
                    dots: [
                        .init(
                            style: model.role.rawValue, value: value, interval: range(model), title: quality(value))
                    ])
            }
            let values = rows.flatMap {
                $0.dots.flatMap { [$0.value, $0.interval?.lowerBound, $0.interval?.upperBound] }
            }
            let axis = Plot.bounds(values.compactMap(\.self), least: 0.05, within: isRegression ? -1...1 : 0...1)
            figure(
                &section,
                isRegression
                    ? "Share of the variance explained on the test part"
                    : "Right answers on the test part, with 95 % intervals",
                DotRows(
                    label: "Score of teacher, student and labels alone", rows: rows, axis: axis,
                    axisText: { isRegression ? Figure.fixed($0, 2) : Figure.fixed($0 * 100, 0) + " %" }
                ).svg)
            section.element(
                "p", ["class": "soft"],
                text:
                    "Labels alone: a student of the same size that had as many passes, the same random changes of windows "
                    + "and the same int8 grid, and no teacher. One seed; differences within the intervals may be luck"
                    + (report.comparison == nil ? ", which --compare tells over several." : "."))
        }
    }

    private var verdict: String {
        guard let student = report.model(.student)?.quality, let teacher = report.model(.teacher)?.quality else {
            return "Nothing could be scored."
        }
        var text = ""
        if let agreement = report.agreement {
            text +=
                "Student and teacher answer alike on \(Figure.percent(agreement.value)) of the test "
                + "(\(Figure.fixed(agreement.low * 100, 1))–\(Figure.fixed(agreement.high * 100, 1))). "
        }
        guard let baseline = report.model(.baseline)?.quality else {
            return text + "No student was trained from labels alone, so what the teacher gave is not known."
        }
        let gain = student - baseline
        let points = isRegression ? Figure.fixed(abs(gain), 3) + " of R²" : Figure.fixed(abs(gain) * 100, 1) + " points"
        text +=
            "Against the same network trained from labels alone the teacher "
            + (gain >= 0 ? "brought \(points)" : "cost \(points)")
        guard let gap = report.gapClosed else {
            return text
                + ". The teacher is no better than labels alone (\(quality(teacher)) and \(quality(baseline))), so "
                + "there is no gap to close."
        }
        return text
            + (gap >= 0
                ? ": \(Figure.percent(gap, places: 0)) of the gap from labels alone to the teacher is closed."
                : ", though the teacher is better than either.")
    }

    private func range(_ model: StudyReport.Model) -> ClosedRange<Double>? {
        guard model.test.count == 1, case .classes(let scores) = model.test[0], let accuracy = scores.accuracy else {
            return nil
        }
        return accuracy.low...accuracy.high
    }

    /// Methods against one another over several seeds.
    func comparisons(_ page: inout Markup) {
        if let comparison = report.comparison { compare(comparison, "Methods compared", &page) }
        if let comparison = report.superclassComparison { compare(comparison, "Superclasses told apart", &page) }
    }

    private func compare(_ comparison: DistillationComparison.Report, _ title: String, _ page: inout Markup) {
        section(&page, title) { section in
            section.element(
                "p",
                text:
                    "Each method trained from \(comparison.teachers.count) seeds with the same passes and random changes of "
                    + "windows, scored on the test part"
                    + (comparison.comparesSuperclasses
                        ? " by the superclasses " + report.task.superclasses.joined(separator: ", ") : "")
                    + ". A dot is the mean, its whisker one standard deviation to either side. The teachers: "
                    + comparison.teachers.map { quality($0) }.joined(separator: ", ") + ".")
            let values = comparison.rows.flatMap { [$0.mean - $0.deviation, $0.mean + $0.deviation] }
            let rows = comparison.rows.map { row in
                DotRows.Row(
                    name: Self.name(of: row.method),
                    dots: [
                        .init(
                            style: "student", value: row.mean,
                            interval: row.mean - row.deviation...row.mean + row.deviation,
                            title: quality(row.mean))
                    ])
            }
            figure(
                &section, "Mean over seeds",
                DotRows(
                    label: "Mean score of each method", rows: rows,
                    axis: Plot.bounds(values, least: 0.02, within: -1...1),
                    axisText: { isRegression ? Figure.fixed($0, 2) : Figure.fixed($0 * 100, 1) }
                ).svg)
            table(
                &section,
                ["method", "mean", "standard deviation", "its teachers", "agrees with the teacher", "each seed"],
                comparison.rows.map { row in
                    [
                        Self.name(of: row.method), quality(row.mean),
                        isRegression
                            ? Figure.fixed(row.deviation, 3) : Figure.fixed(row.deviation * 100, 1) + " points",
                        row.teachers.isEmpty ? "–" : quality(row.teacherMean), Figure.percent(row.agreement),
                        row.qualities.map { isRegression ? Figure.fixed($0, 3) : Figure.fixed($0 * 100, 1) }
                            .joined(separator: ", "),
                    ]
                })
        }
    }

    /// What classes in focus gained and the others paid.
    func focus(_ page: inout Markup) {
        guard let focus = report.focus, let clean = focus.rows.first else { return }
        section(&page, "Classes that must be right") { section in
            section.element(
                "p",
                text: "A second student whose training weighs windows of the classes in focus "
                    + "\(Figure.fixed(Double(report.focusWeight), 1)) times, beside the one without focus, on the same test "
                    + "windows: the share recognised.")
            func change(_ recall: FocusComparison.Recall) -> String {
                "\(Figure.percent(recall.plain)) → \(Figure.percent(recall.focused))"
            }
            table(
                &section, ["condition", "in focus", "the others"],
                focus.rows.map { [report.conditionName($0.condition), change($0.focus), change($0.others)] })
            table(
                &section, ["class, as recorded", "recognised"],
                zip(report.task.classes, clean.classes).compactMap { entry, recall in
                    recall.map { [entry.name, change($0)] }
                })
        }
    }

    private static func name(of method: DistillationComparison.Method) -> String {
        switch method {
        case .labels: "labels alone"
        case .logits: "logits"
        case .hint: "logits and hints"
        case .subclass: "subclasses"
        case .invented: "subclasses found by the teacher"
        case .ensemble: "ensemble"
        case .selfDistillation: "itself as teacher"
        }
    }
}
