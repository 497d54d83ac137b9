public import SystemPackage
import Telemetry

/// What `retort up` starts: a pure value, made from options and checked before any process exists.
public struct ClusterPlan: Sendable, Equatable {
    /// One service process.
    public struct Service: Sendable, Equatable {
        public var executable: String
        /// Unique in the cluster, also the name of its log and state.
        public var instance: String
        public var arguments: [String]
        public var environment: [String: String]

        public init(
            executable: String, instance: String, arguments: [String] = [], environment: [String: String] = [:]
        ) {
            self.executable = executable
            self.instance = instance
            self.arguments = arguments
            self.environment = environment
        }
    }

    /// What a person may choose.
    public struct Options: Sendable, Equatable {
        /// URL of a broker that is there already; nothing starts a private one.
        public var broker: String?
        public var root = TopicSpace.defaultRoot
        public var sites = ["north", "south"]
        /// Folder of recordings; nothing plays the generators.
        public var data: FilePath?
        public var speed: Double?
        /// Recorded people at most: so many to train on, half as many to evaluate on.
        public var people: Int?
        public var seed = 1
        public var automaticJobs = true
        /// Whether a simulator plays sensors.
        public var simulates = true
        /// Folder of task files for the registry.
        public var tasks: FilePath
        /// Folder that holds each service's `default.json`, as `services/` of the repository; nothing uses built-in defaults.
        public var configurations: FilePath?
        /// `executable:key=value`, handed to that executable as `--set key=value`.
        public var settings: [String] = []
        public var logLevel = "info"

        public init(tasks: FilePath) { self.tasks = tasks }
    }

    public var options: Options
    public var state: FilePath
    /// In the order in which they start; they stop in the reverse one.
    public var services: [Service]

    public static let executables = [
        "model-registry", "metrics-aggregator", "cloud-distiller", "edge-inferencer", "sensor-simulator",
    ]

    /// - Throws: ``FleetConsoleError`` `.invalidOption` that names the option.
    public init(options: Options, state: FilePath) throws(FleetConsoleError) {
        guard TopicSpace.isValid(root: options.root) else {
            throw FleetConsoleError(.invalidOption, "--root \(options.root): levels must not be empty or wildcards")
        }
        guard !options.sites.isEmpty, options.sites.allSatisfy({ Slug.isValid($0) }) else {
            throw FleetConsoleError(.invalidOption, "--sites: names must match [a-z0-9._-]+")
        }
        if let speed = options.speed, !(speed > 0 && speed <= 1000) {
            throw FleetConsoleError(.invalidOption, "--speed \(speed): must be above 0 and at most 1000")
        }
        if let people = options.people, people < 2 {
            throw FleetConsoleError(.invalidOption, "--people \(people): at least 2 are needed to learn and to test")
        }
        var settings: [String: [String]] = [:]
        for setting in options.settings {
            guard let colon = setting.firstIndex(of: ":"), setting[colon...].contains("="),
                Self.executables.contains(String(setting[..<colon]))
            else {
                throw FleetConsoleError(
                    .invalidOption,
                    "--set \(setting): write EXECUTABLE:KEY=VALUE with one of \(Self.executables.joined(separator: ", "))"
                )
            }
            settings[String(setting[..<colon]), default: []] += [
                "--set", String(setting[setting.index(after: colon)...]),
            ]
        }
        self.options = options
        self.state = state

        func service(_ executable: String, _ instance: String, _ environment: [String: String]) -> Service {
            var arguments: [String] = []
            if let folder = options.configurations {
                arguments += ["--config", folder.appending(executable).appending("default.json").string]
            }
            let common = [
                "RETORT_TOPICS_ROOT": options.root, "RETORT_SERVICE_INSTANCE": instance,
                "RETORT_SERVICE_STATE": state.appending(instance).string, "RETORT_LOG_LEVEL": options.logLevel,
            ]
            return Service(
                executable: executable, instance: instance, arguments: arguments + (settings[executable] ?? []),
                environment: common.merging(environment) { $1 })
        }

        let rootFile = state.appending("root.json").string
        services = [
            service(
                "model-registry", "registry",
                ["RETORT_REGISTRY_TASKS": options.tasks.string, "RETORT_REGISTRY_ROOT_FILE": rootFile]),
            service("metrics-aggregator", "aggregator", [:]),
            service(
                "cloud-distiller", "distiller",
                [
                    "RETORT_JOBS_AUTOMATIC": options.automaticJobs ? "true" : "false",
                    "RETORT_TRAINING_SEED": String(options.seed),
                ]),
        ]
        for site in options.sites {
            services.append(
                service(
                    "edge-inferencer", "gw-\(site)", ["RETORT_EDGE_SITE": site, "RETORT_EDGE_ROOT_FILE": rootFile]))
        }
        guard options.simulates else { return }
        var simulator = [
            "RETORT_SIMULATOR_SITES": options.sites.joined(separator: ","),
            "RETORT_SIMULATOR_SEED": String(options.seed),
        ]
        if let data = options.data { simulator["RETORT_SIMULATOR_DATA"] = data.string }
        if let speed = options.speed { simulator["RETORT_SIMULATOR_SPEED"] = String(speed) }
        if let people = options.people { simulator["RETORT_SIMULATOR_PEOPLE"] = String(people) }
        services.append(service("sensor-simulator", "simulator", simulator))
    }

    /// The private broker's configuration.
    ///
    /// Started by root, mosquitto would become a user that cannot write the state folder, and that outlives us.
    public static func brokerConfiguration(port: Int, persistence: FilePath) -> String {
        """
        listener \(port) 127.0.0.1
        user root
        allow_anonymous true
        set_tcp_nodelay true
        message_size_limit 4194304
        max_packet_size 4259840
        max_queued_messages 20000
        max_queued_bytes 67108864
        max_inflight_messages 200
        persistence true
        persistence_location \(persistence.string)/
        log_dest stderr
        log_type error
        log_type warning
        connection_messages false

        """
    }
}
