import Distillation
import Energy
import ModelArtifact
import Presentation
import Telemetry

extension StudyReport {
    /// The report for people: one page that needs nothing but itself.
    public var html: String { ReportPage(report: self).html }
}

/// Builds the page of a report; its sections stand in extensions.
struct ReportPage {
    let report: StudyReport

    var html: String {
        var page = Markup()
        page.raw("<!doctype html>\n")
        page.element("html", ["lang": "en"]) { html in
            html.element("head") { head in
                head.void("meta", ["charset": "utf-8"])
                head.void("meta", ["name": "viewport", "content": "width=device-width, initial-scale=1"])
                head.element("title", text: "\(report.task.name): distillation report")
                head.element("style") { $0.raw(PageStyle.sheet) }
            }
            html.element("body") { body in
                body.element("header") { header(&$0) }
                body.element("main") { main in
                    accuracySections(&main)
                    distillation(&main)
                    comparisons(&main)
                    focus(&main)
                    cost(&main)
                    compression(&main)
                    updates(&main)
                    robustness(&main)
                    training(&main)
                    data(&main)
                    making(&main)
                }
                body.element("footer", text: "Made by retort distill.")
            }
        }
        return page.text
    }

    // MARK: Pieces that sections share

    func name(_ role: StudyReport.Role) -> String { StudyReport.name(of: role) }

    func section(_ page: inout Markup, _ title: String, _ content: (inout Markup) -> Void) {
        page.element("section") { section in
            section.element("h2", text: title)
            content(&section)
        }
    }

    func legend(_ page: inout Markup) {
        page.element("ul", ["class": "legend"]) { list in
            for model in report.models {
                list.element("li", ["class": model.role.rawValue]) { item in
                    item.element("i") { _ in }
                    item.write(name(model.role))
                }
            }
        }
    }

    func figure(_ page: inout Markup, _ caption: String, _ svg: String) {
        page.element("figure") { figure in
            figure.element("figcaption", text: caption)
            figure.raw(svg)
        }
    }

    /// A table whose first column names the rows.
    func table(_ page: inout Markup, _ head: [String], _ rows: [[String]]) {
        page.element("div", ["class": "scroll"]) { box in
            box.element("table") { table in
                table.element("thead") { part in
                    part.element("tr") { row in for cell in head { row.element("th", ["scope": "col"], text: cell) } }
                }
                table.element("tbody") { part in
                    for cells in rows {
                        part.element("tr") { row in
                            for (index, cell) in cells.enumerated() {
                                row.element(index == 0 ? "th" : "td", text: cell)
                            }
                        }
                    }
                }
            }
        }
    }

    /// Quality of a model, as people read it.
    func quality(_ value: Double?) -> String {
        guard let value else { return "–" }
        return isRegression ? "R² \(Figure.fixed(value, 3))" : Figure.percent(value)
    }

    var isRegression: Bool { report.targets.contains(where: \.isValue) }

    // MARK: Header

    private func header(_ page: inout Markup) {
        page.element("p", ["class": "kicker"], text: "Distillation report")
        page.element("h1", text: report.task.name)
        page.element("p", ["class": "lead"], text: lead)
        page.element("div", ["class": "tiles"]) { tiles in
            func tile(_ figure: String, _ text: String) {
                tiles.element("div", ["class": "tile"]) { tile in
                    tile.element("b", text: figure)
                    tile.element("span", text: text)
                }
            }
            guard let student = report.model(.student), let teacher = report.model(.teacher) else { return }
            let unseen = report.facts.method == "time" ? "later windows" : "unseen groups"
            tile(quality(student.quality), "student, \(interval(student))on \(unseen)")
            tile(quality(teacher.quality), "teacher, \(interval(teacher))on the same")
            tile(Figure.bytes(student.bytes), "student file, \(Figure.count(student.spec.parameterCount)) parameters")
            tile(
                Figure.metric(student.energy.value, "J"),
                "an inference on \(report.profile.name), \(student.energy.method.rawValue)")
            if let agreement = report.agreement {
                tile(Figure.percent(agreement.value), "of answers as the teacher's")
            }
            if let gap = report.gapClosed, gap >= 0 {
                tile(Figure.percent(gap, places: 0), "of the gap from labels alone to the teacher closed")
            }
        }
    }

    private func interval(_ model: StudyReport.Model) -> String {
        guard model.test.count == 1, case .classes(let scores) = model.test[0], let accuracy = scores.accuracy else {
            return report.targets.count > 1 ? "mean of \(report.targets.count), " : ""
        }
        return "\(Figure.fixed(accuracy.low * 100, 1))–\(Figure.fixed(accuracy.high * 100, 1)), "
    }

    private var lead: String {
        guard let student = report.model(.student), let teacher = report.model(.teacher) else { return "" }
        let times = Double(teacher.bytes) / Double(max(1, student.bytes))
        let what = report.targets.map(\.name).joined(separator: ", ")
        return
            "A student of \(Figure.bytes(student.bytes)), \(Figure.significant(times)) times smaller than its teacher, "
            + "reads \(what) from windows of \(report.task.window) × \(report.task.channels.count) values: "
            + "\(quality(student.quality)) on \(Figure.count(report.testWindows)) windows that neither has seen, "
            + "where the teacher reaches \(quality(teacher.quality))."
    }
}
