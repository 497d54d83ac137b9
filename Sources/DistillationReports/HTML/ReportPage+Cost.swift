import Energy
import ModelArtifact
import Presentation

extension ReportPage {
    /// Size, computation, time and energy of each model.
    func cost(_ page: inout Markup) {
        section(&page, "Size, time and energy") { section in
            table(
                &section,
                [
                    "", "parameters", "bytes", "multiply-adds", "here, median", "here, p99",
                    "on \(report.profile.name)",
                    "energy", "energy, bounds",
                ],
                report.models.map { model in
                    [
                        name(model.role), Figure.count(model.spec.parameterCount), Figure.count(model.bytes),
                        Figure.count(model.spec.multiplyAccumulates), Figure.metric(model.latency.median, "s"),
                        Figure.metric(model.latency.p99, "s"), Figure.metric(model.deviceSeconds.value, "s"),
                        Figure.metric(model.energy.value, "J"),
                        "\(Figure.metric(model.energy.low, "J")) to \(Figure.metric(model.energy.high, "J"))",
                    ]
                })
            section.element("p", ["class": "soft"], text: method)
        }
    }

    private var method: String {
        let runs = report.models.first?.latency.runs ?? 0
        let time = "the time is multiply-adds over the profile's throughput (int8 for students, float for the teacher)"
        return
            "Latency: \(runs) single windows one after the other on one core of the machine that trained. Energy of one "
            + "inference is modelled for computation alone, above idling: \(time), times the profile's active power of "
            + "\(Figure.metric(report.profile.activeCore.value, "W")) "
            + "(\(Figure.metric(report.profile.activeCore.low, "W")) to "
            + "\(Figure.metric(report.profile.activeCore.high, "W"))). Radio, sensor and sleep are not in it."
    }
}
