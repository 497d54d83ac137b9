import ArgumentParser
public import BusAPI
public import Logging
import JSON
import Metrics
public import ServiceLifecycle
import SystemPackage
import Telemetry
import UnixSignals

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Runs a service's process from its options to its exit code.
///
/// A composition root is a few lines:
/// ```swift
/// try await ServiceRunner.run("edge-inferencer", keys: EdgeSettings.keys, options: options) {
///     try MosquittoBus(options: $0, logger: $1)
/// } build: { context, configuration in
///     [try EdgeService(EdgeSettings(configuration), context)]
/// }
/// ```
public enum ServiceRunner {
    /// Opens the connection; there need not be a broker yet.
    public typealias Connect = @Sendable (BusConnectionOptions, Logger) throws -> any MessageBus
    /// Makes what runs. Subscribing here waits for a broker, so what must work without one belongs into a service.
    public typealias Build = @Sendable (ServiceContext, ServiceConfiguration) async throws -> [any Service]

    /// Does what the options ask: runs the service until SIGTERM or SIGINT, prints the configuration, or looks at health.
    ///
    /// While the service runs it is `online` on `availability/service/…` (its last will says `offline`) and its
    /// status stands on `status/…`. After a signal the services drain for at most six seconds.
    ///
    /// - Throws: ``ConfigurationError``; `ExitCode` for `--check-health`; what a service throws.
    public static func run(
        _ executable: String, keys: [ConfigurationKey], options: ServiceOptions, connect: Connect,
        build: @escaping Build
    ) async throws {
        let environment = environment()
        let configuration = try ServiceConfiguration.load(
            executable: executable, keys: keys, file: options.config, flags: options.settings,
            environment: environment)
        let identity = try ServiceIdentity(configuration, now: WallClock.now())
        let folder = try identity.stateDirectory(configuration, environment: environment)
        if options.printConfig {
            var shown = configuration.json.object ?? JSONObject()
            // As they are where neither is configured.
            shown["service"] = .object([
                "instance": .string(identity.instance), "state": .string(folder.string),
            ])
            print(JSONValue.object(shown).prettyText)
            return
        }
        if options.checkHealth {
            guard let complaint = Heartbeat.complaint(stateDirectory: folder, now: WallClock.now()) else { return }
            print("\(executable) is not well: \(complaint)")
            throw ExitCode(1)
        }
        // From here on a signal is an orderly end, also while the service is still starting.
        let signals = await UnixSignalsSequence(trapping: .sigterm, .sigint)
        let level = try configuration.logLevel()
        LoggingSystem.bootstrap { label in
            var handler = StreamLogHandler.standardError(label: label)
            handler.logLevel = level
            return handler
        }
        let metrics = OpenMetricsFactory()
        MetricsSystem.bootstrap(metrics)
        let state = try StateDirectory(folder)
        try await run(
            configuration, identity, state: state, metrics: metrics, logger: Logger(label: executable),
            signals: signals, connect: connect, build: build)
        // What logs after this finds no connection; the state directory is given back with the process.
        withExtendedLifetime(state) {}
    }

    /// Everything between the configuration and the exit: also what tests run.
    static func run(
        _ configuration: ServiceConfiguration, _ identity: ServiceIdentity, state: StateDirectory,
        metrics: OpenMetricsFactory, logger: Logger, signals: UnixSignalsSequence?, connect: Connect,
        build: @escaping Build
    ) async throws {
        let root = try configuration.string("topics.root")
        guard TopicSpace.isValid(root: root) else {
            throw ConfigurationError(key: "topics.root", "topics.root: \"\(root)\" has an empty level or a wildcard")
        }
        let topics = TopicSpace(root: root)
        var busOptions = try configuration.busOptions(clientID: identity.instance)
        let availability = topics.string(
            .serviceAvailability(executable: identity.executable, instance: identity.instance))
        busOptions.will = BusMessage(topic: availability, text: "offline", retained: true)
        busOptions.birth = BusMessage(topic: availability, text: "online", retained: true)
        let bus = try connect(busOptions, logger)
        var context = ServiceContext(
            executable: identity.executable, instance: identity.instance, bus: bus, topics: topics, logger: logger,
            board: StatusBoard(), now: WallClock.now, stateDirectory: state.path.string, boot: identity.boot)
        context.metrics = metrics
        logger.info(
            "Starting",
            metadata: [
                ServiceLogKeys.instance: "\(identity.instance)", ServiceLogKeys.version: "\(ServiceIdentity.version)",
                ServiceLogKeys.state: "\(state.path)",
            ])
        let status = StatusPublisher(context, identity)
        var group = ServiceGroupConfiguration(
            services: [
                serving(status), serving(Heartbeat(stateDirectory: state.path, now: context.now)),
                serving(Application(context: context, configuration: configuration, build: build)),
            ] + (signals.map { [serving(SignalWatch(signals: $0))] } ?? []), logger: logger)
        group.maximumGracefulShutdownDuration = .seconds(6)
        group.maximumCancellationDuration = .seconds(2)
        let result: Result<Void, any Error>
        do {
            try await ServiceGroup(configuration: group).run()
            result = .success(())
        } catch is CancellationError {
            // Drained for too long and was cancelled; that is still an orderly end.
            logger.warning("Stopped before everything was drained")
            result = .success(())
        } catch {
            logger.critical("Stopping for an error", metadata: [ServiceLogKeys.error: "\(error)"])
            result = .failure(error)
        }
        await sayGoodbye(status, bus, availability, logger)
        try result.get()
    }

    private static func serving(_ service: any Service) -> ServiceGroupConfiguration.ServiceConfiguration {
        .init(
            service: service, successTerminationBehavior: .gracefullyShutdownGroup,
            failureTerminationBehavior: .gracefullyShutdownGroup)
    }

    /// The last words, for which nobody waits longer than a second.
    private static func sayGoodbye(
        _ status: StatusPublisher, _ bus: any MessageBus, _ availability: String, _ logger: Logger
    ) async {
        await withTaskGroup { group in
            group.addTask {
                await status.publish()
                do {
                    try await bus.publish(BusMessage(topic: availability, text: "offline", retained: true))
                } catch {
                    logger.debug("Nobody heard that we leave", metadata: [ServiceLogKeys.error: "\(error)"])
                }
            }
            group.addTask { do { try await Task.sleep(for: .seconds(1)) } catch {} }
            await group.next()
            group.cancelAll()
        }
        await bus.close()
        logger.info("Stopped")
    }

    /// Ends the group at the first signal.
    private struct SignalWatch: Service {
        let signals: UnixSignalsSequence

        func run() async {
            for await _ in signals.cancelOnGracefulShutdown() { return }
        }
    }

    /// Builds the services once signals are heeded, and runs them; they stop in the reverse of their order.
    private struct Application: Service {
        let context: ServiceContext
        let configuration: ServiceConfiguration
        let build: Build

        func run() async throws {
            let services: [any Service]
            do {
                services = try await cancelWhenGracefulShutdown { try await build(context, configuration) }
            } catch {
                if Task.isShuttingDownGracefully { return }
                throw error
            }
            guard !Task.isShuttingDownGracefully else { return }
            let group = ServiceGroupConfiguration(services: services.map(serving), logger: context.logger)
            try await ServiceGroup(configuration: group).run()
        }
    }

    /// The process's environment.
    private static func environment() -> [String: String] {
        var variables: [String: String] = [:]
        var next = environ
        while let entry = next.pointee {
            let text = String(cString: entry)
            if let equals = text.firstIndex(of: "=") {
                variables[String(text[..<equals])] = String(text[text.index(after: equals)...])
            }
            next += 1
        }
        return variables
    }
}

extension ServiceConfiguration {
    func logLevel() throws(ConfigurationError) -> Logger.Level {
        let text = try string("log.level")
        guard let level = Logger.Level(rawValue: text) else {
            let known = Logger.Level.allCases.map(\.rawValue).joined(separator: ", ")
            throw ConfigurationError(key: "log.level", "log.level: \"\(text)\" is none of \(known)")
        }
        return level
    }
}
