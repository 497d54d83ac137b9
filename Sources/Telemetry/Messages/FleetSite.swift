public import JSON

/// One site's share of the fleet, retained on `fleet/site/{site}`.
public struct FleetSite: MessagePayload {
    public var t: Double
    public var devices: FleetSummary.Population
    public var edges: FleetSummary.Population
    /// One model's decisions at the site, all versions together.
    public var models: [String: Scorecard]
    /// All models together: windows, joules and bytes by cause.
    public var figures: Scorecard

    public init(
        t: Double, devices: FleetSummary.Population, edges: FleetSummary.Population,
        models: [String: Scorecard] = [:], figures: Scorecard = Scorecard()
    ) {
        self.t = t
        self.devices = devices
        self.edges = edges
        self.models = models
        self.figures = figures
    }

    public init(json: JSONValue) throws(JSONError) {
        let reader = try JSONObjectReader(json)
        t = try reader.time("t")
        devices = try FleetSummary.Population(reader: try reader.object("devices"))
        edges = try FleetSummary.Population(reader: try reader.object("edges"))
        models = try reader.entries("models") { (models, name) throws(JSONError) in
            try Scorecard(reader: try models.object(name))
        }
        figures =
            try reader.optionalObject("figures").map { (figures) throws(JSONError) in
                try Scorecard(reader: figures)
            } ?? Scorecard()
    }

    public var json: JSONValue {
        .object([
            "t": .time(t), "devices": devices.json, "edges": edges.json, "models": .entries(models, \.json),
            "figures": figures.json,
        ])
    }
}
