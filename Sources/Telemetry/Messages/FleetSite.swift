public import JSON

/// One site's share of the fleet, retained on `fleet/site/{site}`.
public struct FleetSite: MessagePayload {
    /// One model's decisions at the site, all versions together.
    public struct Model: Sendable, Equatable {
        public var windows: Int
        public var scored: Int
        public var accuracy: ScoreInterval?
        /// Regression alone.
        public var errors: ValueErrors?

        public init(windows: Int, scored: Int, accuracy: ScoreInterval?, errors: ValueErrors? = nil) {
            self.windows = windows
            self.scored = scored
            self.accuracy = accuracy
            self.errors = errors
        }

        init(reader: JSONObjectReader) throws(JSONError) {
            windows = try reader.tally("windows")
            scored = try reader.tally("scored")
            accuracy = try reader.interval("accuracy")
            errors = try ValueErrors(reader: reader)
        }

        var json: JSONValue {
            var object: JSONObject = ["windows": .count(windows), "scored": .count(scored)]
            object["accuracy"] = accuracy?.json
            errors?.write(to: &object)
            return .object(object)
        }
    }

    public var t: Double
    public var devices: FleetSummary.Population
    public var edges: FleetSummary.Population
    public var models: [String: Model]

    public init(
        t: Double, devices: FleetSummary.Population, edges: FleetSummary.Population, models: [String: Model] = [:]
    ) {
        self.t = t
        self.devices = devices
        self.edges = edges
        self.models = models
    }

    public init(json: JSONValue) throws(JSONError) {
        let reader = try JSONObjectReader(json)
        t = try reader.time("t")
        devices = try FleetSummary.Population(reader: try reader.object("devices"))
        edges = try FleetSummary.Population(reader: try reader.object("edges"))
        models = try reader.entries("models") { (models, name) throws(JSONError) in
            try Model(reader: try models.object(name))
        }
    }

    public var json: JSONValue {
        .object([
            "t": .time(t), "devices": devices.json, "edges": edges.json, "models": .entries(models, \.json),
        ])
    }
}
