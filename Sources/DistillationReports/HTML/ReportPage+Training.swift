import Distillation
import NeuralNetwork
import Presentation

extension ReportPage {
    /// Loss curves, and the gap between what was trained on and what was not.
    func training(_ page: inout Markup) {
        section(&page, "Training") { section in
            section.element("p", text: gapText)
            table(
                &section, ["", "on training windows", "on the test part", "gap"],
                report.models.map { model in
                    let gap = model.trainingQuality.flatMap { seen in model.quality.map { seen - $0 } }
                    return [
                        name(model.role), quality(model.trainingQuality), quality(model.quality),
                        gap.map { isRegression ? Figure.fixed($0, 3) : Figure.fixed($0 * 100, 1) + " points" } ?? "–",
                    ]
                })
            section.element("div", ["class": "pair"]) { pair in
                if let teacher = report.model(.teacher) {
                    curve(&pair, "Teacher: loss of each pass", [teacher], onGrid: false)
                }
                let students = report.models.filter { $0.role != .teacher }
                curve(&pair, "Student in float", students, onGrid: false)
                curve(&pair, "Student on the int8 grid", students, onGrid: true)
                validation(&pair)
            }
            section.element(
                "p", ["class": "soft"],
                text: "The student's loss is that of its own goal: with a teacher the softened probabilities weigh "
                    + "\(Figure.fixed(Double(report.options.alpha), 2)) and are multiplied by the squared temperature, so its "
                    + "curve and that of labels alone may not be compared by height.")
        }
    }

    private var gapText: String {
        let unseen = report.facts.method == "time" ? "a later time" : "groups never trained on"
        return "How much better the networks do on windows they were trained on than on those of \(unseen): what was "
            + "learned by heart rather than understood."
    }

    private func curve(_ page: inout Markup, _ caption: String, _ models: [StudyReport.Model], onGrid: Bool) {
        let lines = models.map { model in
            Plot.Line(
                style: model.role.rawValue,
                points: report.curve(model, onGrid: onGrid).map { (Double($0.epoch), $0.loss) })
        }.filter { $0.points.count > 1 }
        guard !lines.isEmpty else { return }
        let values = lines.flatMap { $0.points.map(\.y) }
        let last = lines.flatMap { $0.points.map(\.x) }.max() ?? 1
        let bounds = Plot.bounds(values, least: 1e-6, within: 0...Double.greatestFiniteMagnitude)
        let range = bounds.upperBound - bounds.lowerBound
        figure(
            &page, caption,
            Plot(
                label: caption, lines: lines, xTitle: "passes over the data",
                xTicks: [
                    (1, "1"), ((1 + last) / 2, Figure.fixed(((1 + last) / 2).rounded(), 0)),
                    (last, Figure.fixed(last, 0)),
                ],
                y: bounds, yText: { Figure.fixed($0, range < 0.5 ? 3 : range < 5 ? 2 : 1) }
            ).svg)
    }

    private func validation(_ page: inout Markup) {
        let lines = report.models.map { model in
            Plot.Line(
                style: model.role.rawValue,
                points: report.curve(model, onGrid: false).compactMap { point in
                    point.validation.map { (Double(point.epoch), $0) }
                })
        }.filter { $0.points.count > 1 }
        guard !lines.isEmpty else { return }
        // Teacher and students take different numbers of passes: each is drawn over its own.
        let scaled = lines.map { line in
            let last = line.points.last?.x ?? 1
            return Plot.Line(style: line.style, points: line.points.map { ($0.x / last * 100, $0.y) })
        }
        let caption = "Score on the validation groups, in float"
        figure(
            &page, caption,
            Plot(
                label: caption, lines: scaled, xTitle: "share of training",
                xTicks: [(0, "0 %"), (50, "50 %"), (100, "100 %")],
                y: Plot.bounds(scaled.flatMap { $0.points.map(\.y) }, least: 0.05, within: -1...1),
                yText: { isRegression ? Figure.fixed($0, 2) : Figure.percent($0, places: 0) }
            ).svg)
    }
}
