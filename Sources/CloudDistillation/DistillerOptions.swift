import ServiceRuntime

/// The distiller's part of the configuration, checked.
struct DistillerOptions: Sendable {
    var jobs = JobQueue.Options()
    var limits = TrainingSetLimits()
    var intakeLimit: Int
    var verdictLimit: Int
    var repeatSeconds: Double

    /// - Throws: `ConfigurationError` that names the key at fault.
    init(_ configuration: ServiceConfiguration) throws(ConfigurationError) {
        func integer(_ key: String, _ range: ClosedRange<Int>) throws(ConfigurationError) -> Int {
            let value = try configuration.integer(key)
            guard range.contains(value) else {
                throw ConfigurationError(
                    key: key, "\(key): \(value) is not between \(range.lowerBound) and \(range.upperBound)")
            }
            return value
        }
        func number(_ key: String, _ range: ClosedRange<Double>) throws(ConfigurationError) -> Double {
            let value = try configuration.number(key)
            guard range.contains(value) else {
                throw ConfigurationError(
                    key: key, "\(key): \(value) is not between \(range.lowerBound) and \(range.upperBound)")
            }
            return value
        }
        jobs.seed = try integer("training.seed", 0...Int.max)
        jobs.isAutomatic = try configuration.boolean("jobs.automatic")
        jobs.windowsPerClass = try integer("jobs.windowsPerClass", 2...1_000_000)
        jobs.minimumPerClass = try integer("jobs.minimumPerClass", 2...1_000_000)
        jobs.waiting = try integer("jobs.waiting", 1...1000)
        limits.unlabelledDays = try number("windows.unlabelledDays", 0.01...3650)
        limits.bytes = try integer("windows.megabytes", 1...1_000_000) << 20
        limits.windows = try integer("windows.limit", 1...100_000_000)
        intakeLimit = try integer("intake.queue", 16...1_000_000)
        verdictLimit = try integer("verdicts.queue", 1...1_000_000)
        repeatSeconds = try number("candidates.repeatSeconds", 0.1...3600)
    }

    static let keys = [
        ConfigurationKey(
            "jobs.automatic", .boolean, default: "true",
            help: "Start a model's first job once every class has jobs.windowsPerClass labelled windows."),
        ConfigurationKey(
            "jobs.windowsPerClass", .integer, default: "40",
            help: "Labelled windows of each class that a first job waits for (regression: five times as many)."),
        ConfigurationKey(
            "jobs.minimumPerClass", .integer, default: "8",
            help: "Labelled windows that make a class count for a requested job; two classes must have them."),
        ConfigurationKey("jobs.waiting", .integer, default: "16", help: "Jobs that wait at most; more are refused."),
        ConfigurationKey(
            "windows.unlabelledDays", .number, default: "30", help: "Days that a window waits for its label."),
        ConfigurationKey(
            "windows.megabytes", .integer, default: "1024",
            help: "Megabytes of window values kept for one task; windows without a label go first, oldest first."),
        ConfigurationKey(
            "windows.limit", .integer, default: "400000",
            help: "Windows of one task at most, repeats of a recording included."),
        ConfigurationKey(
            "intake.queue", .integer, default: "8192",
            help: "Windows and labels that wait to be taken in; beyond, the oldest are dropped and counted."),
        ConfigurationKey(
            "verdicts.queue", .integer, default: "2048",
            help: "Windows that wait for the teacher's verdict; beyond, the oldest are dropped and counted."),
        ConfigurationKey(
            "candidates.repeatSeconds", .number, default: "3",
            help: "Seconds until a candidate that the registry has not answered is offered again."),
        ConfigurationKey(
            "training.seed", .integer, default: "1",
            help: "Seed of automatic jobs; same seed, windows and training.threads give the same student."),
    ]
}
