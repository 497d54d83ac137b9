import Energy
import ModelArtifact

extension ReportPage {
    /// Size, computation, time and energy of each model.
    func cost(_ page: inout Markup) {
        section(&page, "Size, time and energy") { section in
            let hasDevice = report.models.contains { $0.deviceSeconds != nil }
            var head = ["", "parameters", "bytes", "multiply-adds", "here, median", "here, p99"]
            if hasDevice { head.append("on \(report.profile.name)") }
            head += ["energy", "energy, bounds"]
            table(
                &section, head,
                report.models.map { model in
                    var row = [
                        name(model.role), Figure.count(model.spec.parameterCount), Figure.count(model.bytes),
                        Figure.count(model.spec.multiplyAccumulates), Figure.metric(model.latency.median, "s"),
                        Figure.metric(model.latency.p99, "s"),
                    ]
                    if hasDevice { row.append(model.deviceSeconds.map { Figure.metric($0.value, "s") } ?? "–") }
                    row += [
                        Figure.metric(model.energy.value, "J"),
                        "\(Figure.metric(model.energy.low, "J")) to \(Figure.metric(model.energy.high, "J"))",
                    ]
                    return row
                })
            section.element("p", ["class": "soft"], text: method(hasDevice))
        }
    }

    private func method(_ hasDevice: Bool) -> String {
        let runs = report.models.first?.latency.runs ?? 0
        let time =
            hasDevice
            ? "the time is multiply-adds over the profile's throughput (int8 for students, float for the teacher)"
            : "the time is the median measured here, on this machine and not on the device"
        return
            "Latency: \(runs) single windows one after the other on one core of the machine that trained. Energy of one "
            + "inference is modelled for computation alone, above idling: \(time), times the profile's active power of "
            + "\(Figure.metric(report.profile.activeCore.value, "W")) "
            + "(\(Figure.metric(report.profile.activeCore.low, "W")) to "
            + "\(Figure.metric(report.profile.activeCore.high, "W"))). Radio, sensor and sleep are not in it."
    }
}
