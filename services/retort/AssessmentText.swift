import Energy
import EnergyPlanning
import FleetConsole
import Presentation

/// An assessment for people: limits, costs and radios as tables.
struct AssessmentText {
    private let assessment: Assessment

    init(_ assessment: Assessment) { self.assessment = assessment }

    var text: String {
        let demand = assessment.demand
        let answer = assessment.fits ? "fits" : "does not fit"
        return """
            \(TextTable.printable(demand.name)) \(answer) \(assessment.profile.name): \(assessment.profile.about)

            \(limits.text)

            \(costs.text)

            \(radios.text)

            Costs are modelled; low and high are the profile's bounds. An update is \(Figure.count(assessment.updateBytes)) \
            bytes, a decision's message \(Figure.count(demand.messageBytes)), at \(Figure.significant(demand.rate)) windows \
            a second.
            """
    }

    private var limits: TextTable {
        var table = TextTable([("LIMIT", .left), ("USED", .right), ("AVAILABLE", .right), ("", .left)])
        for limit in assessment.limits {
            let isShare = limit.name == "duty"
            let (used, available) = isShare ? (100 * limit.used.value, 100) : (limit.used.value, limit.available)
            table.append([
                limit.name, Self.metric(used, isShare ? "%" : limit.unit),
                Self.metric(available, isShare ? "%" : limit.unit),
                limit.verdict == .likely ? "fits by its value, not by its high bound" : limit.verdict.rawValue,
            ])
        }
        return table
    }

    private var costs: TextTable {
        var table = TextTable([
            ("COST", .left), ("VALUE", .right), ("LOW", .right), ("HIGH", .right), ("METHOD", .left),
        ])
        func row(_ name: String, _ bounds: EnergyBounds, _ unit: String) {
            table.append([name] + Self.cells(bounds, unit) + [EnergyMethod.modelled.rawValue])
        }
        table.append([
            "multiply-adds a window", Figure.count(assessment.demand.multiplyAccumulates), "", "", "counted",
        ])
        row("latency a window", assessment.latency, "s")
        row("duty of a core", assessment.duty.percent, "%")
        row("compute an inference", assessment.compute.bounds, "J")
        row("multiply-adds a joule", assessment.multiplyAccumulatesPerJoule, "")
        row("inferences a joule", assessment.inferencesPerJoule, "")
        row("idle", assessment.profile.idle, "W")
        row("node without radio", assessment.node, "W")
        if let days = assessment.batteryDays { row("battery without radio", days, "days") }
        return table
    }

    private var radios: TextTable {
        var table = TextTable(
            [("RADIO", .left), ("AN INFERENCE", .right), ("LOW", .right), ("HIGH", .right), ("AN UPDATE", .right)]
                + [("LOW", .right), ("HIGH", .right), ("LASTS", .right), ("ON AIR", .right), ("NODE", .right)]
                + [("BATTERY", .right)])
        for radio in assessment.radios {
            table.append(
                [radio.name] + Self.cells(radio.inference.bounds, "J") + Self.cells(radio.update.bounds, "J") + [
                    Self.metric(radio.updateSeconds.value, "s"), Self.metric(100 * radio.air.value, "%"),
                    Self.metric(radio.node.value, "W"),
                    radio.batteryDays.map { Self.metric($0.value, "days") } ?? "–",
                ])
        }
        return table
    }

    private static func cells(_ bounds: EnergyBounds, _ unit: String) -> [String] {
        [bounds.value, bounds.low, bounds.high].map { metric($0, unit) }
    }

    private static func metric(_ value: Double, _ unit: String) -> String {
        switch unit {
        case "%", "days": "\(Figure.significant(value)) \(unit)"
        default: Figure.metric(value, unit)
        }
    }
}

extension EnergyFigure {
    fileprivate var bounds: EnergyBounds { EnergyBounds(value, low: low, high: high) }
}

extension EnergyBounds {
    fileprivate var percent: EnergyBounds { EnergyBounds(100 * value, low: 100 * low, high: 100 * high) }
}
