import JSON
import Telemetry

/// What a field's name and values suggest that it is.
enum LearnedMeaning: Sendable, Equatable {
    case channel(unit: String?, values: [String: Double])
    case time(format: TimeField.Format)
    case battery
    case supply(unit: String)
    case leftOut(String)

    /// Words of the link and of the publisher itself.
    private static let housekeeping: Set<String> = [
        "linkquality", "rssi", "lqi", "snr", "uptime", "seq", "id", "tx", "src", "dst", "wifi_signal", "update",
        "installed_version", "latest_version", "progress", "brand", "model", "model_id", "mac", "ip",
    ]

    private static let units: [(words: [String], unit: String)] = [
        (["temperature", "temp", "tempc", "tc", "dewpoint"], "°C"), (["tempf", "tf"], "°F"),
        (["humidity", "hum", "rh"], "%"), (["pressure"], "hPa"), (["illuminance", "illuminance_lux", "lux"], "lx"),
        (["co2", "carbondioxide"], "ppm"), (["power", "apower", "activepower"], "W"), (["current"], "A"),
        (["voltage"], "V"), (["energy"], "kWh"),
    ]

    /// Texts that are a yes or a no.
    private static let booleanTexts: [String: Double] = [
        "ON": 1, "OFF": 0, "on": 1, "off": 0, "open": 1, "closed": 0, "OPEN": 1, "CLOSED": 0, "true": 1, "false": 0,
        "detected": 1, "clear": 0, "yes": 1, "no": 0,
    ]

    /// - Parameter hasBattery: whether the same message tells of a battery.
    init(_ field: LearnedField, hasBattery: Bool) {
        let name = field.name.lowercased()
        if let time = Self.time(field, name) {
            self = time
        } else if Self.housekeeping.contains(name) || field.path.contains(where: { Self.housekeeping.contains($0) }) {
            self = .leftOut("of the link or the publisher, not sensed")
        } else {
            switch field.kind {
            case .array: self = .leftOut("an array: name a place such as [0], or say \"series\"")
            case .text: self = Self.text(field)
            case .boolean: self = .channel(unit: nil, values: [:])
            case .number: self = Self.number(field, name, hasBattery: hasBattery)
            }
        }
    }

    static func isBattery(_ field: LearnedField) -> Bool {
        let words: Set<String> = ["battery", "batt", "battery_level", "batterylevel", "battery_percent"]
        let name = field.name.lowercased()
        let isNamed = words.contains(name) || (name == "percent" && field.path.contains("battery"))
        return isNamed && field.kind == .number && field.minimum >= 0 && field.maximum <= 100
    }

    private static func time(_ field: LearnedField, _ name: String) -> LearnedMeaning? {
        guard ["time", "ts", "timestamp", "last_seen", "datetime", "unixtime"].contains(name) else { return nil }
        if field.kind == .text {
            let zoned = field.texts.allSatisfy { text in
                Timestamp.parse(iso8601: text) != nil
                    && text.dropFirst(10).contains { $0 == "Z" || $0 == "+" || $0 == "-" }
            }
            return zoned ? .time(format: .iso8601) : .leftOut("a time without a zone: arrivals are surer")
        }
        guard field.kind == .number else { return nil }
        for (format, scale) in [
            (TimeField.Format.seconds, 1.0), (.milliseconds, 1e3), (.microseconds, 1e6), (.nanoseconds, 1e9),
        ] where plausibleTimes.contains(field.minimum / scale) && plausibleTimes.contains(field.maximum / scale) {
            return .time(format: format)
        }
        return .leftOut("a time from before the clock was set")
    }

    private static func text(_ field: LearnedField) -> LearnedMeaning {
        let texts = field.texts.filter { !["unknown", "unavailable", ""].contains($0) }
        if !texts.isEmpty, texts.allSatisfy({ booleanTexts[$0] != nil }) {
            // The other one of the pair will come too.
            let upper = texts.contains { $0.uppercased() == $0 }
            let pairs = [("ON", "OFF"), ("open", "closed"), ("true", "false"), ("detected", "clear"), ("yes", "no")]
            let pair = pairs.first {
                $0.0.lowercased() == texts[0].lowercased() || $0.1.lowercased() == texts[0].lowercased()
            }
            var values = Dictionary(texts.map { ($0, booleanTexts[$0] ?? 0) }) { first, _ in first }
            if let pair {
                values[upper ? pair.0.uppercased() : pair.0.lowercased()] = 1
                values[upper ? pair.1.uppercased() : pair.1.lowercased()] = 0
            }
            return .channel(unit: nil, values: values)
        }
        guard (2...LearnedField.maximumTexts).contains(texts.count), field.count >= 3 * texts.count else {
            return .leftOut("text: \(field.texts.prefix(3).joined(separator: ", "))")
        }
        return .channel(
            unit: nil, values: Dictionary(uniqueKeysWithValues: texts.sorted().enumerated().map { ($1, Double($0)) }))
    }

    private static func number(_ field: LearnedField, _ name: String, hasBattery: Bool) -> LearnedMeaning {
        if isBattery(field) { return .battery }
        if name == "voltage" || name == "volt", hasBattery {
            if (1500...4500).contains(field.minimum) { return .supply(unit: "mV") }
            if (1.5...4.5).contains(field.minimum) { return .supply(unit: "V") }
        }
        let words = name.split { !$0.isLetter && !$0.isNumber }.map(String.init) + [name]
        var unit = units.first { entry in entry.words.contains { words.contains($0) } }?.unit
        if unit == "hPa", field.minimum > 10_000 { unit = "Pa" }
        return .channel(unit: unit, values: [:])
    }
}
