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
        jobs.seed = try configuration.integer("training.seed", within: 0...Int.max)
        jobs.isAutomatic = try configuration.boolean("jobs.automatic")
        jobs.windowsPerClass = try configuration.integer("jobs.windowsPerClass", within: 2...1_000_000)
        jobs.minimumPerClass = try configuration.integer("jobs.minimumPerClass", within: 2...1_000_000)
        jobs.waiting = try configuration.integer("jobs.waiting", within: 1...1000)
        limits.unlabelledDays = try configuration.number("windows.unlabelledDays", within: 0.01...3650)
        limits.bytes = try configuration.integer("windows.megabytes", within: 1...1_000_000) << 20
        limits.windows = try configuration.integer("windows.limit", within: 1...100_000_000)
        intakeLimit = try configuration.integer("intake.queue", within: 16...1_000_000)
        verdictLimit = try configuration.integer("verdicts.queue", within: 1...1_000_000)
        repeatSeconds = try configuration.number("candidates.repeatSeconds", within: 0.1...3600)
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
