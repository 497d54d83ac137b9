public import BusAPI
import JSON
public import Logging
public import SystemPackage
public import Telemetry

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The whole system as processes on this machine: a private broker and the services of a plan.
///
/// Processes start in order, each service once the one before it says it is online, and stop in the reverse order,
/// whatever ends the run.
public struct LocalCluster: Sendable {
    /// Opens a connection to the cluster's broker.
    public typealias Connect = @Sendable (BusConnectionOptions) async throws -> any MessageBus

    /// A cluster that runs.
    public struct Running: Sendable {
        public let brokerURL: String
        public let bus: any MessageBus
        public let topics: TopicSpace
        public let state: FilePath
        /// Process id by instance.
        public let processes: [(name: String, process: Int32)]
    }

    /// A service has this long to say that it is online.
    static let startLimit: Duration = .seconds(30)

    private let plan: ClusterPlan
    private let programs: FilePath
    private let logger: Logger
    private let connect: Connect

    /// - Parameters:
    ///   - programs: folder of the services' executables.
    ///   - connect: opens a connection; the console itself knows no MQTT library.
    public init(plan: ClusterPlan, programs: FilePath, logger: Logger, connect: @escaping Connect) {
        self.plan = plan
        self.programs = programs
        self.logger = logger
        self.connect = connect
    }

    /// Starts everything, runs `body`, stops everything.
    ///
    /// - Throws: what `body` throws; ``FleetConsoleError`` `.missingProgram`, `.childEnded` (with the last lines of its
    ///   log) where a process ends by itself, also while `body` runs; `.timedOut` where a service does not come online.
    public func run<T: Sendable>(
        say: @escaping @Sendable (String) -> Void, body: @escaping @Sendable (Running) async throws -> T
    ) async throws -> T {
        var children: [ChildProcess] = []
        var bus: (any MessageBus)?
        let result: Result<T, any Error>
        do {
            let running = try await start(children: &children, bus: &bus, say: say)
            result = .success(try await supervise(children) { try await body(running) })
        } catch {
            result = .failure(error)
        }
        await bus?.close()
        await stop(children)
        return try result.get()
    }

    // MARK: Start

    private func start(
        children: inout [ChildProcess], bus: inout (any MessageBus)?, say: @Sendable (String) -> Void
    ) async throws -> Running {
        try checkPrograms()
        let logs = plan.state.appending("logs")
        try Self.makeDirectory(plan.state)
        try Self.makeDirectory(logs)
        let url: String
        if let broker = plan.options.broker {
            url = broker
        } else {
            url = try await startBroker(children: &children, logs: logs)
            say("broker \(url)")
        }
        let address: BusURL
        do { address = try BusURL(url) } catch { throw FleetConsoleError(.invalidOption, "--broker \(url): \(error)") }
        let connection = try await connect(
            BusConnectionOptions(address, clientID: "retort-up-\(getpid())"))
        bus = connection
        let topics = TopicSpace(root: plan.options.root)
        let availability = try await connection.subscribe(
            to: [BusFilter(topics.filter("availability", "service", "+", "+"))], limit: 1000, overflow: .dropOldest)
        defer { availability.cancel() }

        for service in plan.services {
            let child = try await ChildProcess(
                name: service.instance == service.executable
                    ? service.executable : "\(service.executable) \(service.instance)",
                program: programs.appending(service.executable), arguments: service.arguments,
                environment: service.environment.merging(["RETORT_BUS_URL": url]) { $1 },
                log: logs.appending("\(service.instance).log"))
            children.append(child)
            try writeDescription(url: url, children: children)
            let topic = topics.string(
                .serviceAvailability(executable: service.executable, instance: service.instance))
            try await supervise(children) {
                try await Self.within(Self.startLimit, "\(child.name) did not come online") {
                    for await batch in availability
                    where batch.contains(where: { $0.topic == topic && $0.payload.elementsEqual("online".utf8) }) {
                        return
                    }
                    throw FleetConsoleError(.failed, "the connection to the broker was closed")
                }
            }
            say("\(child.name) is online")
        }
        return Running(
            brokerURL: url, bus: connection, topics: topics, state: plan.state,
            processes: children.map { ($0.name, $0.processIdentifier) })
    }

    private func checkPrograms() throws(FleetConsoleError) {
        for name in Set(plan.services.map(\.executable)).sorted()
        where access(programs.appending(name).string, X_OK) != 0 {
            throw FleetConsoleError(
                .missingProgram, "there is no \(name) in \(programs.string); build everything first (./dev build)")
        }
    }

    private func startBroker(children: inout [ChildProcess], logs: FilePath) async throws -> String {
        let program = try Self.find("mosquitto")
        let folder = plan.state.appending("broker")
        try Self.makeDirectory(folder)
        let port = try Self.freePort()
        let file = folder.appending("mosquitto.conf")
        try Self.write(ClusterPlan.brokerConfiguration(port: port, persistence: folder), to: file)
        let child = try await ChildProcess(
            name: "mosquitto", program: program, arguments: ["-c", file.string], environment: [:],
            log: logs.appending("mosquitto.log"))
        children.append(child)
        try await supervise(children) {
            try await Self.within(.seconds(10), "mosquitto did not open port \(port)") {
                while !Self.isOpen(port: port) { try await Task.sleep(for: .milliseconds(20)) }
            }
        }
        return "mqtt://127.0.0.1:\(port)"
    }

    /// For people and programs that look in: where the broker is, and which processes there are.
    private func writeDescription(url: String, children: [ChildProcess]) throws {
        var processes = JSONObject()
        for child in children { processes[child.name] = .integer(Int64(child.processIdentifier)) }
        var description: JSONObject = ["broker": .string(url)]
        if let address = try? BusURL(url) { description["port"] = .integer(Int64(address.port)) }
        description["pid"] = .integer(Int64(getpid()))
        description["children"] = .object(processes)
        // A reader never sees half a file.
        let file = plan.state.appending("cluster.json")
        let draft = plan.state.appending("cluster.json.new")
        try Self.write(JSONValue.object(description).prettyText, to: draft)
        guard rename(draft.string, file.string) == 0 else {
            throw FleetConsoleError(.failed, "\(file.string) cannot be written (errno \(errno))")
        }
    }

    // MARK: Supervision

    /// Runs `body` as long as all children live.
    private func supervise<T: Sendable>(
        _ children: [ChildProcess], _ body: @escaping @Sendable () async throws -> T
    ) async throws -> T {
        try await withThrowingTaskGroup(of: T.self) { group in
            group.addTask { try await body() }
            group.addTask {
                // Ends with the first child; the waiting itself is not cancellable, so it is left behind by `race`.
                let (child, ending) = try await Self.firstEnding(of: children)
                let lines = child.lastLines(12).map { "    " + $0 }.joined(separator: "\n")
                throw FleetConsoleError(
                    .childEnded, "\(child.name) \(ending.description); its log \(child.log.string) ends with\n\(lines)")
            }
            defer { group.cancelAll() }
            guard let first = try await group.next() else { throw CancellationError() }
            return first
        }
    }

    private static func firstEnding(
        of children: [ChildProcess]
    ) async throws -> (ChildProcess, ChildProcess.Ending) {
        let endings = AsyncStream.makeStream(of: (Int, ChildProcess.Ending).self)
        // Each ends with its child; `stop` awaits the same children later.
        let watchers = children.indices.map { index in
            Task {
                let ending = await children[index].ending()
                endings.continuation.yield((index, ending))
            }
        }
        defer { for watcher in watchers { watcher.cancel() } }
        for await (index, ending) in endings.stream { return (children[index], ending) }
        throw CancellationError()
    }

    private static func within<T: Sendable>(
        _ limit: Duration, _ what: String, _ body: @escaping @Sendable () async throws -> T
    ) async throws -> T {
        try await withThrowingTaskGroup(of: T.self) { group in
            group.addTask { try await body() }
            group.addTask {
                try await Task.sleep(for: limit)
                throw FleetConsoleError(.timedOut, "\(what) within \(limit)")
            }
            defer { group.cancelAll() }
            guard let first = try await group.next() else { throw CancellationError() }
            return first
        }
    }

    /// Simulator first, then the services together, the broker last: so that last words are heard.
    private func stop(_ children: [ChildProcess]) async {
        let isBroker = plan.options.broker == nil
        let services = children.dropFirst(isBroker ? 1 : 0)
        if let simulator = services.last { await simulator.stop() }
        await withTaskGroup(of: Void.self) { group in
            for child in services.dropLast() { group.addTask { await child.stop() } }
        }
        if isBroker { await children.first?.stop() }
    }

    // MARK: Files and ports

    static func makeDirectory(_ path: FilePath) throws(FleetConsoleError) {
        var folder = path.root.map { FilePath(root: $0) } ?? FilePath()
        for component in path.components {
            folder.append(component)
            guard mkdir(folder.string, 0o755) == 0 || errno == EEXIST else {
                throw FleetConsoleError(.failed, "the folder \(folder.string) cannot be made (errno \(errno))")
            }
        }
    }

    static func write(_ text: String, to path: FilePath) throws {
        let file = try FileDescriptor.open(
            path, .writeOnly, options: [.create, .truncate], permissions: [.ownerReadWrite, .groupRead, .otherRead])
        try file.closeAfter { _ = try file.writeAll(Array(text.utf8)) }
    }

    /// A program on the path, or where Debian and Homebrew put daemons.
    static func find(_ name: String) throws(FleetConsoleError) -> FilePath {
        let path = getenv("PATH").map { String(cString: $0) } ?? ""
        let folders =
            path.split(separator: ":").map(String.init) + ["/usr/sbin", "/usr/local/sbin", "/opt/homebrew/sbin"]
        for folder in folders where access("\(folder)/\(name)", X_OK) == 0 { return FilePath("\(folder)/\(name)") }
        throw FleetConsoleError(
            .missingProgram, "\(name) is missing; install it (apt-get install \(name)) or use --broker URL")
    }

    private static func loopback(port: Int) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
        return address
    }

    private static var stream: Int32 {
        #if canImport(Darwin)
            SOCK_STREAM
        #else
            Int32(SOCK_STREAM.rawValue)
        #endif
    }

    /// The port that is asked for, or another one where somebody answers on it.
    public static func port(preferring port: Int) throws(FleetConsoleError) -> Int {
        isOpen(port: port) ? try freePort() : port
    }

    static func freePort() throws(FleetConsoleError) -> Int {
        let handle = socket(AF_INET, stream, 0)
        guard handle >= 0 else { throw FleetConsoleError(.failed, "no socket can be opened (errno \(errno))") }
        defer { close(handle) }
        var address = loopback(port: 0)
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(handle, $0, length) == 0 && getsockname(handle, $0, &length) == 0
            }
        }
        guard isBound else { throw FleetConsoleError(.failed, "no loopback port is free (errno \(errno))") }
        return Int(in_port_t(bigEndian: address.sin_port))
    }

    static func isOpen(port: Int) -> Bool {
        let handle = socket(AF_INET, stream, 0)
        guard handle >= 0 else { return false }
        defer { close(handle) }
        var address = loopback(port: port)
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                openSocket(handle, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
    }
}

/// libc's `connect`, out of reach by name where a property is called the same.
private func openSocket(_ handle: Int32, _ address: UnsafePointer<sockaddr>, _ length: socklen_t) -> Int32 {
    connect(handle, address, length)
}
