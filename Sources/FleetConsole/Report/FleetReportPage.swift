import Presentation
public import Telemetry

/// The criteria of all models as one page that needs nothing but itself.
public struct FleetReportPage: Sendable {
    private let criteria: [FleetCriteria]
    private let summary: FleetSummary?
    private let address: String
    private let date: String

    /// - Parameters:
    ///   - address: the broker's, without a password.
    ///   - date: of the look, for people.
    public init(_ criteria: [FleetCriteria], summary: FleetSummary?, address: String, date: String) {
        self.criteria = criteria
        self.summary = summary
        self.address = address
        self.date = date
    }

    public var html: String {
        var page = Markup()
        page.raw("<!doctype html>\n")
        page.element("html", ["lang": "en"]) { html in
            html.element("head") { head in
                head.void("meta", ["charset": "utf-8"])
                head.void("meta", ["name": "viewport", "content": "width=device-width, initial-scale=1"])
                head.element("title", text: "Fleet report")
                head.element("style") { $0.raw(PageStyle.sheet) }
            }
            html.element("body") { body in
                body.element("header") { header(&$0) }
                body.element("main") { main in
                    if criteria.isEmpty { main.element("p", text: "No model has a version yet.") }
                    for criteria in criteria { section(&main, criteria) }
                }
                body.element("footer", text: "Made by retort report from \(address), \(date).")
            }
        }
        return page.text
    }

    private func header(_ page: inout Markup) {
        page.element("p", ["class": "kicker"], text: "Fleet report")
        page.element("h1", text: criteria.isEmpty ? "Fleet" : criteria.map(\.model).joined(separator: ", "))
        guard let summary else { return }
        page.element(
            "p", ["class": "lead"],
            text: "\(summary.devices.online) of \(summary.devices.known) devices and \(summary.edges.online) of "
                + "\(summary.edges.known) edges are online; \(Figure.count(summary.windows)) windows are decided, "
                + "\(Quantity.percent(summary.decidedByCloud)) of them by the teacher.")
    }

    private func section(_ page: inout Markup, _ criteria: FleetCriteria) {
        page.element("section") { section in
            guard let version = criteria.version else {
                section.element("h2", text: criteria.model)
                section.element("p", ["class": "soft"], text: "No version yet.")
                return
            }
            section.element("h2", text: "\(criteria.model), version \(version)")
            tiles(&section, criteria)
            Self.table(
                &section, ["criterion", "student", "teacher", "what it is of"],
                criteria.rows.map { [$0.criterion, $0.student, $0.teacher, $0.note] }, isProse: true)
            pictures(&section, criteria)
            section.element("h3", text: "Versions")
            Self.table(
                &section,
                ["version", "decided", "scored", "accuracy or error", "bytes", "joules an inference", "edges"],
                criteria.versions.map { version in
                    [
                        "\(version.version)", version.score.map { Figure.count($0.decisions) } ?? "–",
                        version.score.map { Figure.count($0.scored) } ?? "–",
                        version.score?.accuracy.map(Quantity.share) ?? version.score?.errors.map(Quantity.errors)
                            ?? "–",
                        version.release.map { Figure.count($0.size) } ?? "–",
                        version.score?.joulesPerInference.map { Quantity.joules($0) } ?? "–", "\(version.edges)",
                    ]
                })
        }
    }

    private func tiles(_ page: inout Markup, _ criteria: FleetCriteria) {
        page.element("div", ["class": "tiles"]) { tiles in
            func tile(_ figure: String?, _ text: String) {
                guard let figure else { return }
                tiles.element("div", ["class": "tile"]) { tile in
                    tile.element("b", text: figure)
                    tile.element("span", text: text)
                }
            }
            let score = criteria.score
            tile(
                score?.accuracy.map { Quantity.percent($0.value) },
                "student, on \(Quantity.percent(score?.coverage ?? 0)) of its windows that are labelled")
            tile(score?.errors.map { Quantity.number($0.meanAbsolute) + " \($0.unit ?? "")" }, "mean absolute error")
            tile(score?.teacher?.accuracy.map { Quantity.percent($0.value) }, "teacher, where it was asked")
            tile(score?.teacher?.agreement.map { Quantity.percent($0.value) }, "of answers as the teacher's")
            tile(criteria.release.map { Quantity.bytes($0.size) }, "student file")
            tile(
                score?.joulesPerInference.map { Quantity.joules($0) },
                "an inference, \(score?.joulesPerInference?.method.rawValue ?? "")")
            tile(score.map { Quantity.percent($0.decidedByCloud) }, "asked of the teacher")
        }
    }

    // MARK: Pictures

    private func pictures(_ page: inout Markup, _ criteria: FleetCriteria) {
        page.element("div", ["class": "pair"]) { pair in
            let rows = criteria.versions.compactMap(Self.dots)
            if !rows.isEmpty {
                let values = rows.flatMap(\.dots).flatMap {
                    [$0.value, $0.interval?.lowerBound, $0.interval?.upperBound]
                }
                Self.figure(
                    &pair, "Accuracy by version with 95 % intervals: student, and teacher where it was asked",
                    DotRows(
                        label: "Accuracy by version", rows: rows,
                        axis: Plot.bounds(values.compactMap(\.self), least: 0.05, within: 0...1)
                    ).svg)
            }
            if let plot = Self.hour(criteria) { Self.figure(&pair, plot.caption, plot.svg) }
        }
    }

    private static func dots(_ version: FleetCriteria.Version) -> DotRows.Row? {
        guard let accuracy = version.score?.accuracy else { return nil }
        var dots = [dot("student", "student", accuracy)]
        if let teacher = version.score?.teacher?.accuracy { dots.append(dot("teacher", "teacher", teacher)) }
        return DotRows.Row(name: "version \(version.version)", dots: dots)
    }

    private static func dot(_ style: String, _ name: String, _ interval: ScoreInterval) -> DotRows.Dot {
        DotRows.Dot(
            style: style, value: interval.value, interval: interval.low...max(interval.low, interval.high),
            title: "\(name) \(Quantity.share(interval))")
    }

    /// The model's last hour, where the aggregator keeps it.
    private static func hour(_ criteria: FleetCriteria) -> (caption: String, svg: String)? {
        guard let history = criteria.history, let last = history.points.last else { return nil }
        func line(_ style: String, _ value: (Scorecard) -> Double?) -> Plot.Line {
            Plot.Line(
                style: style,
                points: history.points.compactMap { point in
                    value(point.card).map { (x: (point.t - last.t) / 60, y: $0) }
                })
        }
        let lines = [line("student") { $0.accuracy?.value }, line("teacher") { $0.teacher?.value }]
            .filter { $0.points.count > 1 }
        guard !lines.isEmpty else { return nil }
        let from = lines.flatMap(\.points).map(\.x).min() ?? 0
        let ticks = [from, from / 2, 0].map { (at: $0, text: Figure.fixed($0, 0)) }
        let plot = Plot(
            label: "Accuracy by minute", lines: lines, xTitle: "minutes before the last decision", xTicks: ticks,
            y: Plot.bounds(lines.flatMap(\.points).map(\.y), least: 0.1, within: 0...1),
            yText: { Figure.fixed($0 * 100, 0) + " %" })
        return ("Accuracy by minute over the last hour", plot.svg)
    }

    // MARK: Pieces

    private static func figure(_ page: inout Markup, _ caption: String, _ svg: String) {
        page.element("figure") { figure in
            figure.element("figcaption", text: caption)
            figure.raw(svg)
        }
    }

    /// - Parameter isProse: whether cells are words, which may be wrapped, and not numbers.
    private static func table(
        _ page: inout Markup, _ head: [String], _ rows: [[String]], isProse: Bool = false
    ) {
        page.element("div", ["class": "scroll"]) { box in
            box.element("table", isProse ? ["class": "prose"] : [:]) { table in
                table.element("thead") { part in
                    part.element("tr") { row in for cell in head { row.element("th", ["scope": "col"], text: cell) } }
                }
                table.element("tbody") { part in
                    for cells in rows {
                        part.element("tr") { row in
                            for (index, cell) in cells.enumerated() {
                                row.element(
                                    index == 0 ? "th" : "td", index == 0 ? ["scope": "row"] : [:], text: cell)
                            }
                        }
                    }
                }
            }
        }
    }
}
