import Telemetry

extension FleetReport {
    /// The report for people.
    public var text: String {
        var lines: [String] = []
        let basisWords = basis == .truth ? "on devices never trained on" : "on labelled devices"
        lines.append("\(model): \(devices) devices, \(edges) edges, \(Quantity.seconds(secondsTotal)) in all")
        if let teacher, let score = teacher.accuracy.map(Quantity.share) ?? teacher.errors.map(Quantity.errors) {
            lines.append(
                "  teacher   \(score) \(basisWords), \(teacher.scored) windows"
                    + (teacherParameters.map { ", \($0) parameters" } ?? ""))
        }
        for version in versions {
            var line = "  student \(version.version) "
            let score = version.accuracy.map(Quantity.share) ?? version.errors.map(Quantity.errors)
            line += score.map { "\($0) \(basisWords), \(version.scored) windows" } ?? "not scored"
            if let studentParameters { line += ", \(studentParameters) parameters" }
            line += ", \(version.bytes) bytes (\(version.compressedBytes) in zstd)"
            lines.append(line)
            if !version.heads.isEmpty {
                let heads = version.heads.sorted { $0.key < $1.key }.map { head, score in
                    "\(head) \(score.accuracy.map { Quantity.percent($0.value) } ?? "not scored")"
                }
                lines.append("            heads: " + heads.joined(separator: ", "))
            }
            if let method = version.method, let bytes = version.updateBytes {
                let share = version.compressedBytes > 0 ? Double(bytes) / Double(version.compressedBytes) : 1
                lines.append(
                    "            travelled as \(method): \(bytes) bytes, \(Quantity.percent(share)) of the full file in zstd"
                        + (version.installSeconds.map { ", installed in \(Quantity.seconds($0))" } ?? ""))
            }
            if !version.phases.isEmpty {
                let phases = version.phases.sorted { $0.key < $1.key }.map { "\($0.key) \(Quantity.seconds($0.value))" }
                lines.append("            job: " + phases.joined(separator: ", "))
            }
        }
        if let agreement = teacher?.agreement {
            lines.append("  student and teacher agree on \(Quantity.percent(agreement.value)) of the windows")
        }
        if let joulesPerInference {
            var line = "  energy    \(Quantity.joules(joulesPerInference)) an inference"
            if let joulesPerCorrect { line += ", \(Quantity.joules(joulesPerCorrect)) a correct one" }
            lines.append(
                line
                    + " (\(joulesPerInference.method.rawValue): \(joulesPerInference.includes.joined(separator: ", ")))"
            )
        }
        if let latency {
            lines.append(
                "  latency   \(Quantity.number(latency.median)) µs median, \(Quantity.number(latency.p99)) µs p99")
        }
        if let secondsToFirstInference {
            lines.append("  first live inference after \(Quantity.seconds(secondsToFirstInference))")
        }
        return lines.joined(separator: "\n")
    }
}

/// Figures as people read them.
enum Quantity {
    static func number(_ value: Double) -> String {
        let magnitude = abs(value)
        if magnitude >= 100 || value == value.rounded() { return String(Int(value.rounded())) }
        let places = magnitude >= 10 ? 10.0 : 100.0
        return String((value * places).rounded() / places)
    }

    static func percent(_ share: Double) -> String { "\((share * 1000).rounded() / 10) %" }

    static func errors(_ errors: ValueErrors) -> String {
        let unit = errors.unit.map { $0.isEmpty ? "" : " \($0)" } ?? ""
        return "MAE \(number(errors.meanAbsolute))\(unit), RMSE \(number(errors.rootMeanSquare))\(unit)"
    }

    static func share(_ interval: ScoreInterval) -> String {
        "\(percent(interval.value)) (\((interval.low * 1000).rounded() / 10)-\((interval.high * 1000).rounded() / 10))"
    }

    static func seconds(_ value: Double) -> String {
        value >= 100 ? "\(Int(value.rounded())) s" : "\((value * 10).rounded() / 10) s"
    }

    static func latency(_ latency: AccuracyMessage.Latency) -> String {
        "\(number(latency.median)) µs median, \(number(latency.p95)) µs p95, \(number(latency.p99)) µs p99"
    }

    /// How long ago something was, roughly.
    static func age(_ seconds: Double) -> String {
        switch max(0, seconds) {
        case ..<120: "\(Int(max(0, seconds).rounded())) s"
        case ..<7200: "\(Int(seconds / 60)) min"
        case ..<172_800: "\(Int(seconds / 3600)) h"
        default: "\(Int(seconds / 86_400)) days"
        }
    }

    /// With low and high, where they are not the value itself.
    static func joulesWithBounds(_ figure: JoulesFigure) -> String {
        guard figure.low < figure.value || figure.high > figure.value else { return joules(figure.value) }
        return "\(joules(figure.value)) (\(joules(figure.low)) to \(joules(figure.high)))"
    }

    static func bytes(_ count: Int) -> String {
        switch count {
        case ..<10_000: "\(count) B"
        case ..<10_000_000: "\(number(Double(count) / 1000)) kB"
        default: "\(number(Double(count) / 1_000_000)) MB"
        }
    }

    static func joules(_ figure: JoulesFigure) -> String { joules(figure.value) }

    static func joules(_ value: Double) -> String {
        let prefixes: [(Double, String)] = [(1, "J"), (1e-3, "mJ"), (1e-6, "µJ"), (1e-9, "nJ")]
        let (scale, unit) = prefixes.first { value >= $0.0 } ?? (1e-9, "nJ")
        return "\(number(value / scale)) \(unit)"
    }
}
