import Distillation
import ModelArtifact
import Presentation

extension ReportPage {
    /// Scores where sensors are noisy, turned or silent.
    func robustness(_ page: inout Markup) {
        guard !report.hardships.isEmpty else { return }
        section(&page, "When sensors misbehave") { section in
            section.element(
                "p",
                text: "The same test windows (\(Figure.count(report.hardshipWindows)) of them) made worse. Noise is in "
                    + "deviations of each channel; a lost channel says its training mean.")
            legend(&section)
            section.element("div", ["class": "pair"]) { pair in
                curve(&pair, "Noise on every value", "deviations") { condition in
                    if case .noise(let level) = condition { Figure.fixed(Double(level), 1) } else { nil }
                }
                curve(&pair, "Turned about a random axis", "degrees") { condition in
                    if case .rotation(let degrees) = condition { Figure.fixed(Double(degrees), 0) } else { nil }
                }
                lost(&pair)
            }
        }
    }

    private var clean: StudyReport.Hardship? { report.hardships.first { $0.condition == .clean } }

    private func text(_ value: Double) -> String {
        isRegression ? Figure.fixed(value, 2) : Figure.percent(value, places: 0)
    }

    private func curve(
        _ page: inout Markup, _ caption: String, _ title: String, _ level: (Robustness.Condition) -> String?
    ) {
        let chosen = report.hardships.filter { level($0.condition) != nil }
        guard let clean, !chosen.isEmpty else { return }
        let steps = [clean] + chosen
        let lines = report.models.enumerated().map { index, model in
            Plot.Line(
                style: model.role.rawValue, points: steps.enumerated().map { (Double($0), $1.scores[index]) })
        }
        let values = steps.flatMap(\.scores)
        var plot = Plot(
            label: caption, lines: lines, xTitle: title,
            xTicks: steps.enumerated().map { (Double($0), level($1.condition) ?? "0") },
            y: Plot.bounds(values.map { max($0, -1) }, least: 0.1, within: isRegression ? -1...1 : 0...1), yText: text)
        plot.marks = true
        figure(&page, caption, plot.svg)
    }

    private func lost(_ page: inout Markup) {
        let rows = report.hardships.compactMap { hardship -> DotRows.Row? in
            guard case .lostChannel(let channel) = hardship.condition else { return nil }
            return row(report.task.channels[channel].name, hardship)
        }
        guard let clean, !rows.isEmpty else { return }
        let all = [row("none", clean)] + rows
        let values = all.flatMap { $0.dots.map(\.value) }
        figure(
            &page, "One channel lost",
            DotRows(
                label: "Score without each channel", rows: all,
                axis: Plot.bounds(values.map { max($0, -1) }, least: 0.1, within: isRegression ? -1...1 : 0...1),
                axisText: text
            ).svg)
    }

    private func row(_ title: String, _ hardship: StudyReport.Hardship) -> DotRows.Row {
        DotRows.Row(
            name: title,
            dots: zip(report.models, hardship.scores).map { model, score in
                .init(style: model.role.rawValue, value: score, title: "\(name(model.role)) \(text(score))")
            })
    }
}
