public import JSON

/// Figures over time; of a model's last hour retained on `fleet/history/{model}`.
public struct FleetHistory: MessagePayload {
    /// How long an interval is, in seconds.
    public enum Resolution: Int, Sendable, CaseIterable, CustomStringConvertible {
        case minute = 60
        case hour = 3600
        case day = 86_400

        public var description: String {
            switch self {
            case .minute: "minute"
            case .hour: "hour"
            case .day: "day"
            }
        }
    }

    /// One interval. Those without a decision, joule or byte are left out.
    public struct Point: Sendable, Equatable {
        /// Unix seconds at which it starts: whole minutes, hours or days of UTC.
        public var t: Double
        public var card: Scorecard

        public init(t: Double, card: Scorecard) {
            self.t = t
            self.card = card
        }
    }

    public var t: Double
    public var subject: FleetSubject
    /// Nothing: all models together, of which windows, joules and bytes are known.
    public var model: String?
    public var resolution: Resolution
    /// The time asked for, by the wall clock at which edges decided.
    public var from: Double
    public var to: Double
    public var points: [Point]

    public init(
        t: Double, subject: FleetSubject, model: String?, resolution: Resolution, from: Double, to: Double,
        points: [Point] = []
    ) {
        self.t = t
        self.subject = subject
        self.model = model
        self.resolution = resolution
        self.from = from
        self.to = to
        self.points = points
    }

    public init(json: JSONValue) throws(JSONError) {
        let reader = try JSONObjectReader(json)
        t = try reader.time("t")
        let name = try reader.string("subject")
        guard let subject = FleetSubject(name) else {
            throw JSONError(.wrongType, "subject: \"\(name)\" is no fleet, site, edge, device or version")
        }
        self.subject = subject
        model = try reader.optionalString("model")
        let seconds = try reader.integer("seconds")
        guard let resolution = Resolution(rawValue: seconds) else {
            throw JSONError(.wrongType, "seconds: must be 60, 3600 or 86400, not \(seconds)")
        }
        self.resolution = resolution
        from = try reader.time("from")
        to = try reader.time("to")
        points = []
        for (index, element) in (try reader.elements("points")).enumerated() {
            let point = try JSONObjectReader(element, path: "points[\(index)]")
            points.append(Point(t: try point.time("t"), card: try Scorecard(reader: point)))
        }
    }

    public var json: JSONValue {
        var object: JSONObject = ["t": .time(t), "subject": .string(subject.description)]
        object["model"] = model.map(JSONValue.string)
        object["seconds"] = .count(resolution.rawValue)
        object["from"] = .time(from)
        object["to"] = .time(to)
        object["points"] = .array(
            points.map { point in
                var entry: JSONObject = ["t": .time(point.t)]
                point.card.write(to: &entry)
                return .object(entry)
            })
        return .object(object)
    }
}
