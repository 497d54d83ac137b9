public import JSON

/// What a process says of itself, retained.
public struct StatusMessage: MessagePayload {
    /// The counter of an edge that says how many bytes of windows and revised inferences it has sent.
    public static let uploadedBytes = "uploadedBytes"

    public var t: Double
    /// New at each start of the process.
    public var session: String
    /// New at each start of the host; cumulative counters restart with it.
    public var boot: String
    public var version: String
    public var host: String
    public var started: Double
    /// Cumulative since `started`: `received`, `published`, `dropped`, `late`, `resent`, `rejected`, and the service's own.
    public var counters: [String: Int]
    /// What only this kind of service says: `models`, `profile`, `devices`, `passes`, ...
    public var details: JSONObject

    public init(
        t: Double, session: String, boot: String, version: String, host: String, started: Double,
        counters: [String: Int], details: JSONObject = [:]
    ) {
        self.t = t
        self.session = session
        self.boot = boot
        self.version = version
        self.host = host
        self.started = started
        self.counters = counters
        self.details = details
    }

    public init(json: JSONValue) throws(JSONError) {
        let reader = try JSONObjectReader(json)
        t = try reader.time("t")
        session = try reader.string("session")
        boot = try reader.string("boot")
        version = try reader.string("version")
        host = try reader.string("host")
        started = try reader.time("started")
        counters = [:]
        let counts = try reader.object("counters")
        for name in counts.object.keys { counters[name] = try counts.integer(name) }
        details = try reader.optionalObject("details")?.object ?? [:]
    }

    public var json: JSONValue {
        var counts = JSONObject()
        for (name, count) in counters.sorted(by: { $0.key < $1.key }) { counts[name] = .count(count) }
        return .object([
            "t": .time(t), "session": .string(session), "boot": .string(boot), "version": .string(version),
            "host": .string(host), "started": .time(started), "counters": .object(counts),
            "details": .object(details),
        ])
    }
}
