import ServiceRuntime

/// When alerts are raised and resolved.
struct AlertSettings: Sendable {
    static let keys = [
        ConfigurationKey(
            "alerts.resolveSeconds", .number, default: "60",
            help: "Seconds that what was wrong must be right again before an alert is resolved."),
        ConfigurationKey(
            "alerts.perHour", .integer, default: "3",
            help: "Times an hour that one alert is resolved at most; beyond, it stays raised."),
        ConfigurationKey(
            "alerts.lookSeconds", .number, default: "1", help: "Seconds between looks at what time has changed."),
        ConfigurationKey(
            "alerts.edgeOffline.seconds", .number, default: "60", help: "Seconds offline that raise edge-offline."),
        ConfigurationKey(
            "alerts.accuracy.guard", .number, default: "0.5",
            help: "Accuracy of a model below which accuracy-below-guard is raised: when its 95 % interval lies below."),
        ConfigurationKey(
            "alerts.accuracy.guards", .list, default: "",
            help: "The same for single models: activity=0.7,bearing=0.9."),
        ConfigurationKey(
            "alerts.accuracy.margin", .number, default: "0.02",
            help: "By how much the interval's upper end must be above the guard to resolve it."),
        ConfigurationKey(
            "alerts.accuracy.scored", .integer, default: "100",
            help: "Scored windows below which nothing is said about accuracy."),
        ConfigurationKey(
            "alerts.accuracy.seconds", .number, default: "60", help: "Seconds below the guard that raise it."),
        ConfigurationKey(
            "alerts.drift.windows", .integer, default: "200",
            help: "Windows of an edge that are looked at for drift, and that must have come before them."),
        ConfigurationKey(
            "alerts.drift.margin", .number, default: "0.1",
            help: "By how much the share of windows that a student is unsure of must grow to raise drift."),
        ConfigurationKey("alerts.drift.seconds", .number, default: "60", help: "Seconds of drift that raise it."),
        ConfigurationKey(
            "alerts.update.seconds", .number, default: "900",
            help: "Seconds without the desired version that raise update-failing; a refused one raises it at once."),
        ConfigurationKey(
            "alerts.spool.share", .number, default: "0.5",
            help: "Share of its spool that an edge has filled to raise spool-filling; half of it resolves it."),
        ConfigurationKey(
            "alerts.battery.percent", .number, default: "20",
            help: "Charge that raises battery-low; five points more resolve it."),
        ConfigurationKey(
            "alerts.battery.days", .number, default: "3",
            help: "Days left that raise battery-low; twice as many resolve it."),
    ]

    var resolveAfter: Double
    var perHour: Int
    var lookInterval: Duration
    var offlineSeconds: Double
    /// Of models without one of their own.
    var accuracyGuard: Double
    var accuracyGuards: [String: Double] = [:]
    var accuracyMargin: Double
    var accuracyScored: Int
    var accuracySeconds: Double
    var driftWindows: Int
    var driftMargin: Double
    var driftSeconds: Double
    var updateSeconds: Double
    var spoolShare: Double
    var batteryPercent: Double
    var batteryDays: Double

    /// - Throws: `ConfigurationError` that names the key at fault.
    init(_ configuration: ServiceConfiguration) throws(ConfigurationError) {
        func number(_ name: String, _ range: ClosedRange<Double>) throws(ConfigurationError) -> Double {
            try configuration.number("alerts.\(name)", within: range)
        }
        func count(_ name: String, _ range: ClosedRange<Double>) throws(ConfigurationError) -> Int {
            _ = try configuration.integer("alerts.\(name)")
            return Int(try number(name, range))
        }
        let longest = 31 * 86_400.0
        resolveAfter = try number("resolveSeconds", 0...longest)
        perHour = try count("perHour", 1...3600)
        lookInterval = .seconds(try number("lookSeconds", 0.01...60))
        offlineSeconds = try number("edgeOffline.seconds", 0...longest)
        accuracyGuard = try number("accuracy.guard", 0...1)
        accuracyMargin = try number("accuracy.margin", 0...1)
        accuracyScored = try count("accuracy.scored", 1...1e9)
        accuracySeconds = try number("accuracy.seconds", 0...longest)
        driftWindows = try count("drift.windows", 20...1e9)
        driftMargin = try number("drift.margin", 0.001...1)
        driftSeconds = try number("drift.seconds", 0...longest)
        updateSeconds = try number("update.seconds", 0...longest)
        spoolShare = try number("spool.share", 0.001...1)
        batteryPercent = try number("battery.percent", 0...100)
        batteryDays = try number("battery.days", 0...3650)
        for entry in try configuration.list("alerts.accuracy.guards") {
            let parts = entry.split(separator: "=", maxSplits: 1)
            guard parts.count == 2, let value = Double(parts[1]), (0...1).contains(value) else {
                throw ConfigurationError(
                    key: "alerts.accuracy.guards",
                    "alerts.accuracy.guards: \"\(entry)\" is not model=accuracy with an accuracy between 0 and 1")
            }
            accuracyGuards[String(parts[0])] = value
        }
    }

    func accuracyGuard(of model: String) -> Double { accuracyGuards[model] ?? accuracyGuard }
}
