import Distillation
import Presentation

extension ReportPage {
    /// What an update from the base takes within budgets, and what it scores.
    func updates(_ page: inout Markup) {
        guard !report.updates.isEmpty else { return }
        section(&page, "Update from the deployed student") { section in
            section.element(
                "p",
                text:
                    "The deployed student scores \(quality(report.baseQuality)) on the test. An update carries what the "
                    + "weights moved on its int8 grid; within a budget, the moves that matter least for their bytes were "
                    + "given back.")
            table(
                &section, ["budget", "bytes of the update", "bytes as a whole", "weights moved", "test"],
                report.updates.map { row in
                    [
                        row.budget.description, Figure.count(row.bytes), Figure.count(row.fullBytes),
                        Figure.percent(row.changedWeights), quality(row.test),
                    ]
                })
        }
    }
}
