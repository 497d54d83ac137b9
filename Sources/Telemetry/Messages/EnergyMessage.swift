public import JSON

/// Cumulative energy of an edge since boot, by cause.
public struct EnergyMessage: MessagePayload {
    /// How a figure came about, strongest first; a sum takes the weakest among its parts.
    public enum Method: String, Sendable, CaseIterable, Comparable {
        case measured, apportioned, modelled

        public static func < (a: Self, b: Self) -> Bool {
            (allCases.firstIndex(of: a) ?? 0) < (allCases.firstIndex(of: b) ?? 0)
        }
    }

    /// Joules with their bounds.
    public struct Joules: Sendable, Equatable {
        public var value: Double
        public var low: Double
        public var high: Double
        public var method: Method
        public var meter: String?
        public var profile: String?
        /// What the figure includes, where it is not the cause itself: `board`, `package`.
        public var scope: String?

        public init(
            value: Double, low: Double, high: Double, method: Method, meter: String? = nil, profile: String? = nil,
            scope: String? = nil
        ) {
            self.value = value
            self.low = low
            self.high = high
            self.method = method
            self.meter = meter
            self.profile = profile
            self.scope = scope
        }
    }

    public var t: Double
    public var since: Double
    public var boot: String
    public var inferences: Int
    public var multiplyAccumulates: Int
    /// By cause: `compute`, `radio.uploads`, `radio.inferences`, `radio.updates`, `host`, `idle`.
    public var joules: [String: Joules]

    public init(
        t: Double, since: Double, boot: String, inferences: Int, multiplyAccumulates: Int, joules: [String: Joules]
    ) {
        self.t = t
        self.since = since
        self.boot = boot
        self.inferences = inferences
        self.multiplyAccumulates = multiplyAccumulates
        self.joules = joules
    }

    public init(json: JSONValue) throws(JSONError) {
        let reader = try JSONObjectReader(json)
        t = try reader.time("t")
        since = try reader.time("since")
        boot = try reader.string("boot")
        inferences = try reader.integer("inferences")
        multiplyAccumulates = try reader.integer("macs")
        joules = [:]
        let causes = try reader.object("joules")
        for cause in causes.object.keys {
            let figure = try causes.object(cause)
            let value = try figure.number("value")
            guard value >= 0 else { throw JSONError(.wrongType, "joules.\(cause).value: must not be below 0") }
            joules[cause] = Joules(
                value: value, low: try figure.optionalNumber("low") ?? value,
                high: try figure.optionalNumber("high") ?? value, method: try figure.word("method"),
                meter: try figure.optionalString("meter"), profile: try figure.optionalString("profile"),
                scope: try figure.optionalString("scope"))
        }
    }

    public var json: JSONValue {
        var causes = JSONObject()
        for (cause, figure) in joules.sorted(by: { $0.key < $1.key }) {
            var object: JSONObject = [
                "value": JSONValue(figure.value, places: 9), "low": JSONValue(figure.low, places: 9),
                "high": JSONValue(figure.high, places: 9), "method": .string(figure.method.rawValue),
            ]
            object["meter"] = figure.meter.map(JSONValue.string)
            object["profile"] = figure.profile.map(JSONValue.string)
            object["scope"] = figure.scope.map(JSONValue.string)
            causes[cause] = .object(object)
        }
        return .object([
            "t": .time(t), "since": .time(since), "boot": .string(boot), "inferences": .count(inferences),
            "macs": .count(multiplyAccumulates), "joules": .object(causes),
        ])
    }
}
