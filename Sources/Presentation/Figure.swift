/// Numbers as people read them.
package enum Figure {
    /// With so many decimals; `–` where there is none.
    package static func fixed(_ value: Double, _ places: Int) -> String {
        guard value.isFinite, abs(value) < 1e15 else { return "–" }
        var scale = 1.0
        for _ in 0..<places { scale *= 10 }
        let scaled = Int64((abs(value) * scale).rounded())
        let sign = value < 0 && scaled != 0 ? "−" : ""
        guard places > 0 else { return sign + String(scaled) }
        let fraction = String(scaled % Int64(scale))
        return "\(sign)\(scaled / Int64(scale))." + String(repeating: "0", count: places - fraction.count) + fraction
    }

    /// A share as per cent; number and sign stay on one line.
    package static func percent(_ share: Double?, places: Int = 1) -> String {
        share.map { fixed($0 * 100, places) + "\u{A0}%" } ?? "–"
    }

    /// A whole number in groups of three.
    package static func count(_ value: Int) -> String {
        let digits = String(abs(value))
        var result = ""
        for (index, digit) in digits.enumerated() {
            if index > 0, (digits.count - index) % 3 == 0 { result += "\u{202F}" }
            result.append(digit)
        }
        return value < 0 ? "−" + result : result
    }

    /// Three significant digits with a metric prefix: `12.3 µs`.
    package static func metric(_ value: Double, _ unit: String) -> String {
        guard value.isFinite, value > 0 else { return "0 \(unit)" }
        for (factor, prefix) in [(1e9, "G"), (1e6, "M"), (1e3, "k"), (1, ""), (1e-3, "m"), (1e-6, "µ"), (1e-9, "n")]
        where value >= factor * 0.9995 {
            return "\(significant(value / factor)) \(prefix)\(unit)"
        }
        return "\(significant(value / 1e-12)) p\(unit)"
    }

    /// Three significant digits.
    package static func significant(_ value: Double) -> String {
        switch abs(value) {
        case ..<9.995: fixed(value, 2)
        case ..<99.95: fixed(value, 1)
        default: fixed(value, 0)
        }
    }

    /// Bytes with a prefix of 1024.
    package static func bytes(_ value: Int) -> String {
        switch value {
        case ..<1024: "\(value) B"
        case ..<(1 << 20): "\(significant(Double(value) / 1024)) KiB"
        default: "\(significant(Double(value) / Double(1 << 20))) MiB"
        }
    }

    /// Seconds, minutes or hours.
    package static func duration(_ seconds: Double) -> String {
        switch seconds {
        case ..<10: "\(fixed(seconds, 1)) s"
        case ..<100: "\(fixed(seconds, 0)) s"
        case ..<5400: "\(Int(seconds) / 60) min \(Int(seconds) % 60) s"
        default: "\(Int(seconds) / 3600) h \(Int(seconds) % 3600 / 60) min"
        }
    }
}
