import Compression
import Distillation
import Energy
import Presentation

extension ReportPage {
    /// The student through the steps of its recipe.
    func compression(_ page: inout Markup) {
        guard report.compression.count > 1, let first = report.compression.first else { return }
        section(&page, "From float to int8") { section in
            section.element("p", text: compressionText(first))
            table(
                &section,
                [
                    "step", "parameters", "not zero", "bytes", "in zstd", "multiply-adds", "validation", "test", "here",
                    "energy",
                ],
                report.compression.map { row in
                    [
                        row.step, Figure.count(row.parameters), Figure.count(row.nonZero), Figure.count(row.bytes),
                        Figure.count(row.compressedBytes), Figure.count(row.multiplyAccumulates),
                        quality(row.validation), quality(row.test), Figure.metric(row.latency.median, "s"),
                        Figure.metric(row.energy.value, "J"),
                    ]
                })
            for row in report.compression {
                if let layer = row.brokenBy {
                    section.element(
                        "p", ["class": "soft"],
                        text: "\(row.step): costs more than is allowed; layer \(layer) most by itself.")
                } else if !row.eased.isEmpty {
                    let layers = row.eased.sorted { $0.key < $1.key }
                        .map { "layer \($0.key) to \(Figure.percent($0.value, places: 0))" }.joined(separator: ", ")
                    section.element("p", ["class": "soft"], text: "\(row.step): eased at \(layers).")
                }
            }
            section.element(
                "p", ["class": "soft"],
                text:
                    "Bytes are four a parameter in float, and the whole file with task, scales and golden vectors in int8. "
                    + "Times in float are those of the trainer, which is not made for single windows.")
        }
    }

    private func compressionText(_ first: StudyReport.CompressionRow) -> String {
        var text =
            "Each step is followed by fine-tuning under the teacher. The recipe may cost "
            + "\(Figure.fixed(report.options.recipe.allowedLoss * 100, 1)) points on the validation groups; where it would "
            + "cost more, the layer that suffers most bears less."
        if let last = report.compression.last, let teacher = report.model(.teacher) {
            text +=
                " The file is \(Figure.significant(Double(teacher.bytes) / Double(max(1, last.bytes)))) times smaller than the "
                + "teacher in float, in zstd \(Figure.significant(Double(teacher.bytes) / Double(max(1, last.compressedBytes))))"
                + " times."
        }
        return text
    }
}
