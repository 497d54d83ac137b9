import BusAPI
import Energy
import ServiceRuntime
import Telemetry

/// What an edge is configured to do, read and checked once.
struct EdgeSettings: Sendable {
    var site: String
    var rootFile: String
    var profile: DeviceProfile
    var channel: String
    /// Seconds of silence after which a device is offline.
    var deviceSilence: Double
    /// Seconds of silence after which a device's windows are forgotten.
    var deviceForget: Double
    var deviceLimit: Int
    /// Telemetry messages held while the loop is busy.
    var telemetryQueue: Int
    var telemetryBytes: Int
    var inferenceQoS: Int
    var sampleShare: Double
    /// Uncertain windows a second that may go up, and how many at once after a quiet time.
    var uncertainRate: Double
    var uncertainBurst: Double
    var verdictAge: Double
    var spoolBytes: Int
    var publishQueue: Int
    var energyInterval: Double
    /// The link whose joules are modelled.
    var radio: RadioProfile
    var powerTopic: PowerTopic?
    /// What publishers beside our own telemetry topics send.
    var sources: SourcesDocument?
    /// What Home Assistant is told; nothing where it is off.
    var homeAssistant: HomeAssistant?
    /// Longest random wait before chunks are asked for, in seconds.
    var needDelay: Double
    /// Wait before chunks are asked for again, in seconds; doubles each time up to the other.
    var needRetry: Double
    var needRetryLimit: Double
    /// What may be fetched of whole files.
    var fullDownloads: FullDownloads.Policy
    /// Devices whose live signal is given at once.
    var previewDevices: Int
    /// What a new student has to prove; nothing where it need not.
    var probation: Probation.Limits?
    /// Between looks at time: silence of devices, needs that are due.
    var tick: Double

    struct HomeAssistant: Sendable, Equatable {
        /// Of discovery topics.
        var prefix: String
        /// Seconds after which a label that was chosen ends by itself.
        var labelLimit: Double
    }

    /// Where somebody publishes what the whole edge draws.
    struct PowerTopic: Sendable, Equatable {
        var topic: String
        /// Members of the JSON payload that lead to the number.
        var path: String
        /// Watts in one unit of the number.
        var scale: Double
        /// Seconds between two messages that are still bridged.
        var longestGap: Double
    }

    /// The hardware profile that students are released for: the device profile without its revision.
    var hardware: String { profile.hardware }

    static let keys: [ConfigurationKey] = [
        ConfigurationKey(
            "edge.site", .string, default: "north",
            help: "Site this edge serves: it reads telemetry/{site}/+ and answers for every device there."),
        ConfigurationKey(
            "edge.rootFile", .string, default: nil,
            help: "TUF root document to trust, provisioned with the edge; it is waited for where it is missing."),
        ConfigurationKey(
            "edge.profile", .string, default: "x86-gateway",
            help: "Device profile for modelled energy, and for which students are taken: "
                + DeviceProfile.builtIn.map(\.hardware).joined(separator: ", ") + ", or a profile's file.json."),
        ConfigurationKey(
            "edge.radio", .string, default: nil,
            help: "Radio among the profile's for modelled energy; its first by default."),
        ConfigurationKey("edge.channel", .string, default: "stable", help: "Release channel to follow."),
        ConfigurationKey(
            "edge.sources", .list, default: "",
            help: "Sources files (docs/sources.md), separated by commas: which topics other publishers use, and what "
                + "their messages mean."),
        ConfigurationKey(
            "edge.deviceSilence", .number, default: "30",
            help:
                "Seconds without telemetry, by arrival, after which a device is said to be offline; one whose channels may "
                + "be silent for longer by its sources file gets that time."),
        ConfigurationKey(
            "edge.deviceForget", .number, default: "3600",
            help: "Seconds without telemetry after which a device's windows leave memory."),
        ConfigurationKey(
            "edge.devices", .integer, default: "2000",
            help: "Devices at most; more are refused until silent ones are forgotten."),
        ConfigurationKey(
            "edge.telemetry.queue", .integer, default: "8192",
            help: "Telemetry messages held at most while the edge is busy; the oldest are dropped and counted."),
        ConfigurationKey(
            "edge.telemetry.bytes", .integer, default: "1048576", help: "Largest telemetry payload in bytes."),
        ConfigurationKey(
            "edge.inference.qos", .integer, default: "0",
            help: "MQTT quality of service of inferences: 0, or 1 where none may be lost while connected."),
        ConfigurationKey(
            "edge.upload.sampleShare", .number, default: "0.05",
            help: "Share of windows that are uploaded for training although a student runs, 0 to 1."),
        ConfigurationKey(
            "edge.upload.uncertainRate", .number, default: "5",
            help: "Uncertain windows a second, by the wall clock, that may ask for a verdict."),
        ConfigurationKey(
            "edge.upload.uncertainBurst", .number, default: "20",
            help: "Uncertain windows that may go up at once after a quiet time."),
        ConfigurationKey(
            "edge.verdictAge", .number, default: "60",
            help: "Seconds after which a verdict that was asked for is no longer waited for."),
        ConfigurationKey(
            "edge.spool.bytes", .integer, default: "67108864",
            help: "Disk space for uploads while the broker is away; the oldest are dropped first and counted."),
        ConfigurationKey(
            "edge.publish.queue", .integer, default: "10000",
            help: "Messages of each kind held at most before they are published; the oldest are dropped and counted."),
        ConfigurationKey(
            "edge.energy.interval", .number, default: "5", help: "Seconds between messages on energy/."),
        ConfigurationKey(
            "edge.energy.power.topic", .string, default: nil,
            help: "Topic on which the power of the whole edge is published, such as a smart plug's; none by default."),
        ConfigurationKey(
            "edge.energy.power.path", .string, default: nil,
            help: "Members of that topic's JSON that lead to the number (ENERGY.Power); absent for a bare number."),
        ConfigurationKey(
            "edge.energy.power.scale", .number, default: "1", help: "Watts in one unit of that number."),
        ConfigurationKey(
            "edge.energy.power.gap", .number, default: "300",
            help: "Seconds between two powers that are still bridged; of longer gaps only the upper bound knows."),
        ConfigurationKey(
            "edge.homeAssistant.enabled", .boolean, default: "false",
            help: "Whether devices are described to Home Assistant on its MQTT discovery topics."),
        ConfigurationKey(
            "edge.homeAssistant.prefix", .string, default: HomeAssistantTopic.defaultPrefix,
            help: "Home Assistant's discovery prefix."),
        ConfigurationKey(
            "edge.homeAssistant.labelLimit", .number, default: "3600",
            help: "Seconds after which a label chosen in Home Assistant ends by itself."),
        ConfigurationKey(
            "edge.update.needDelay", .number, default: "2",
            help: "Longest random wait in seconds before an edge asks for an update's chunks."),
        ConfigurationKey(
            "edge.update.needRetry", .number, default: "2",
            help: "Seconds without a chunk before asking again; doubles up to a minute."),
        ConfigurationKey(
            "edge.update.full", .string, default: "always",
            help: "Whole student files, where no update from the running one serves: always, never, or bytes a day."),
        ConfigurationKey(
            "edge.preview.devices", .integer, default: "8",
            help: "Devices whose live signal is published at once for a minute when it is asked for; 0 for none."),
        ConfigurationKey(
            "edge.probation.windows", .integer, default: "32",
            help: "Windows on which a new student runs beside the one before it and may lose its place; 0 for none."),
        ConfigurationKey(
            "edge.probation.latencyFactor", .number, default: "10",
            help: "How many times the time of the student before a window may take; below 1 ms is always allowed."),
        ConfigurationKey(
            "edge.probation.confidenceLoss", .number, default: "0.2",
            help: "How far the mean confidence may fall below that of the student before, 0 to 1."),
    ]

    init(_ configuration: ServiceConfiguration) throws(ConfigurationError) {
        func check(_ holds: Bool, _ key: String, _ message: String) throws(ConfigurationError) {
            if !holds { throw ConfigurationError(key: key, "\(key): \(message)") }
        }
        func positive(_ key: String) throws(ConfigurationError) -> Double {
            let value = try configuration.number(key)
            try check(value > 0, key, "must be above 0, not \(value)")
            return value
        }
        func count(_ key: String, atLeast least: Int) throws(ConfigurationError) -> Int {
            let value = try configuration.integer(key)
            try check(value >= least, key, "must be at least \(least), not \(value)")
            return value
        }
        site = try configuration.string("edge.site")
        try check(Slug.isValid(site), "edge.site", "\"\(site)\" must match [a-z0-9._-]+")
        rootFile = try configuration.string("edge.rootFile")
        profile = try Self.profile(configuration)
        radio = try Self.radio(configuration, of: profile)
        sources = try Self.sources(configuration)
        channel = try configuration.string("edge.channel")
        try check(Slug.isValid(channel), "edge.channel", "\"\(channel)\" must match [a-z0-9._-]+")
        deviceSilence = try positive("edge.deviceSilence")
        deviceForget = try positive("edge.deviceForget")
        try check(deviceForget >= deviceSilence, "edge.deviceForget", "must not be below edge.deviceSilence")
        deviceLimit = try count("edge.devices", atLeast: 1)
        telemetryQueue = try count("edge.telemetry.queue", atLeast: 1)
        telemetryBytes = try count("edge.telemetry.bytes", atLeast: 64)
        inferenceQoS = try configuration.integer("edge.inference.qos")
        try check((0...1).contains(inferenceQoS), "edge.inference.qos", "must be 0 or 1")
        sampleShare = try configuration.number("edge.upload.sampleShare")
        try check((0...1).contains(sampleShare), "edge.upload.sampleShare", "must be between 0 and 1")
        uncertainRate = try configuration.number("edge.upload.uncertainRate")
        try check(uncertainRate >= 0, "edge.upload.uncertainRate", "must not be below 0")
        uncertainBurst = try positive("edge.upload.uncertainBurst")
        verdictAge = try positive("edge.verdictAge")
        spoolBytes = try count("edge.spool.bytes", atLeast: 65_536)
        publishQueue = try count("edge.publish.queue", atLeast: 16)
        energyInterval = try positive("edge.energy.interval")
        powerTopic = try configuration.optionalString("edge.energy.power.topic").map {
            (topic) throws(ConfigurationError) in
            try check(
                BusFilter.isValidTopic(topic), "edge.energy.power.topic", "\"\(topic)\" must be one topic, no filter")
            return PowerTopic(
                topic: topic, path: configuration.optionalString("edge.energy.power.path") ?? "",
                scale: try positive("edge.energy.power.scale"), longestGap: try positive("edge.energy.power.gap"))
        }
        if try configuration.boolean("edge.homeAssistant.enabled") {
            let prefix = try configuration.string("edge.homeAssistant.prefix")
            try check(
                TopicSpace.isValid(root: prefix), "edge.homeAssistant.prefix", "\"\(prefix)\" is no part of a topic")
            homeAssistant = HomeAssistant(prefix: prefix, labelLimit: try positive("edge.homeAssistant.labelLimit"))
        }
        needDelay = try configuration.number("edge.update.needDelay")
        try check(needDelay >= 0, "edge.update.needDelay", "must not be below 0")
        needRetry = try positive("edge.update.needRetry")
        needRetryLimit = max(60, needRetry)
        tick = min(1, needRetry / 4)
        let full = try configuration.string("edge.update.full")
        guard let policy = FullDownloads.Policy(full) else {
            throw ConfigurationError(
                key: "edge.update.full", "edge.update.full: \"\(full)\" is none of always, never and a count of bytes")
        }
        fullDownloads = policy
        previewDevices = try count("edge.preview.devices", atLeast: 0)
        let windows = try count("edge.probation.windows", atLeast: 0)
        let limits = Probation.Limits(
            windows: windows, latencyFactor: try positive("edge.probation.latencyFactor"),
            confidenceLoss: try configuration.number("edge.probation.confidenceLoss"))
        try check(
            (0...1).contains(limits.confidenceLoss), "edge.probation.confidenceLoss", "must be between 0 and 1")
        probation = windows > 0 ? limits : nil
    }

    private static func profile(_ configuration: ServiceConfiguration) throws(ConfigurationError) -> DeviceProfile {
        let text = try configuration.string("edge.profile")
        do { return try DeviceProfile.find(text) } catch {
            throw ConfigurationError(key: "edge.profile", "edge.profile: \(error.message)")
        }
    }

    private static func radio(
        _ configuration: ServiceConfiguration, of profile: DeviceProfile
    ) throws(ConfigurationError) -> RadioProfile {
        guard let name = configuration.optionalString("edge.radio") else { return profile.radio }
        if let radio = profile.radio(named: name) { return radio }
        let known = profile.radios.map(\.name).joined(separator: ", ")
        throw ConfigurationError(
            key: "edge.radio", "edge.radio: \"\(name)\" is none of \(profile.name)'s radios: \(known)")
    }
}
