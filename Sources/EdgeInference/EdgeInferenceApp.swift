#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif
import BusAPI
import Energy
import JSON
import ModelDelta
public import ServiceLifecycle
public import ServiceRuntime
import Telemetry

/// The edge: reads telemetry, cuts windows, runs students, uploads what is worth it, meters energy, installs releases.
public struct EdgeInferenceApp: Sendable {
    /// The configuration keys that this service reads beside those of every service.
    public static var keys: [ConfigurationKey] { EdgeSettings.keys }

    /// In the order in which they start; they stop in reverse, so that what others say last is still sent.
    public let services: [any Service]

    let outbox: Outbox
    let loop: InferenceLoop
    let releases: ReleaseManager
    let energy: EnergyReporter

    /// Builds the edge.
    ///
    /// - Throws: `ConfigurationError`; `EdgeError` where the state directory cannot be used.
    public init(configuration: ServiceConfiguration, context: ServiceContext) async throws {
        try self.init(
            settings: EdgeSettings(configuration), context: context, unpack: Self.unpack,
            random: { Double.random(in: 0..<1) })
    }

    init(
        settings: EdgeSettings, context: ServiceContext, unpack: @escaping ReleaseManager.Unpack,
        random: @escaping @Sendable () -> Double, watcher: (any DiskWatcher)? = nil
    ) throws {
        let directory = try StateDirectory(context.stateDirectory, watcher: watcher)
        let traffic = Traffic()
        let rejections = Rejections(context: context)
        let spool = try Spool(directory: directory.folder("spool"), limit: settings.spoolBytes)
        outbox = Outbox(context: context, settings: settings, spool: spool, traffic: traffic)
        loop = InferenceLoop(
            settings: settings, context: context, outbox: outbox, traffic: traffic, rejections: rejections)
        releases = try ReleaseManager(
            settings: settings, context: context, loop: loop, outbox: outbox, traffic: traffic,
            rejections: rejections, directory: directory, unpack: unpack, random: random)
        let steady = Self.steadyClock()
        let topic = settings.powerTopic.map {
            PowerTopicMeter(path: $0.path, scale: $0.scale, longestGap: $0.longestGap)
        }
        energy = try EnergyReporter(
            settings: settings, context: context, loop: loop, outbox: outbox, traffic: traffic, directory: directory,
            meters: EnergyReporter.available(
                profile: settings.profile, topic: topic, context: context,
                cores: Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))),
                now: steady()),
            clock: steady)
        context.board.set("site", .string(settings.site))
        context.board.set("profile", .string(settings.profile.name))
        context.board.set("radio", .string(settings.radio.name))
        context.board.set("channel", .string(settings.channel))
        context.board.set("models", .object([:]))
        context.board.set("sources", settings.sources.map { JSONValue.array($0.siteFreeFilters.map(JSONValue.string)) })
        context.board.set("devices", .integer(0))
        for counter in [
            "received", "published", "dropped", "late", "resent", "rejected", "windows", "inferences", "gaps",
            "duplicates", "refused", "uploads", StatusMessage.uploadedBytes, "verdicts",
        ] { context.board.setCount(counter, to: 0) }
        // A status without the site may have been published already, and other edges look for it.
        context.board.publishSoon()
        var services: [any Service] = [
            outbox, RejectionService(rejections: rejections), energy,
            ConflictWatcher(settings: settings, context: context, rejections: rejections), releases,
            TelemetryService(settings: settings, context: context, loop: loop),
        ]
        if settings.previewDevices > 0 {
            services.append(PreviewService(context: context, loop: loop, rejections: rejections))
        }
        if let topic, let place = settings.powerTopic?.topic {
            services.append(
                PowerTopicService(topic: place, meter: topic, context: context, rejections: rejections, clock: steady))
        }
        if let homeAssistant = settings.homeAssistant {
            services.append(
                HomeAssistantService(
                    settings: homeAssistant, site: settings.site, context: context, loop: loop, rejections: rejections))
        }
        self.services = services
    }

    private static func steadyClock() -> @Sendable () -> Double {
        let clock = ContinuousClock()
        let start = clock.now
        return {
            let passed = (clock.now - start).components
            return Double(passed.seconds) + Double(passed.attoseconds) / 1e18
        }
    }
}
