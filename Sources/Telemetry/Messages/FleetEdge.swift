public import JSON

/// One edge, retained on `fleet/edge/{site}/{edge}`.
public struct FleetEdge: MessagePayload {
    public enum State: String, Sendable, CaseIterable { case online, offline, unknown }

    /// One model on the edge: what is installed, and how all its versions did there.
    public struct Model: Sendable, Equatable {
        public var version: Int?
        public var desired: Int?
        public var previous: Int?
        /// Of its installation; nothing where the edge has not said.
        public var state: InstalledMessage.State?
        public var card: Scorecard

        public init(
            version: Int? = nil, desired: Int? = nil, previous: Int? = nil, state: InstalledMessage.State? = nil,
            card: Scorecard = Scorecard()
        ) {
            self.version = version
            self.desired = desired
            self.previous = previous
            self.state = state
            self.card = card
        }

        init(reader: JSONObjectReader) throws(JSONError) {
            version = try reader.optionalInteger("version")
            desired = try reader.optionalInteger("desired")
            previous = try reader.optionalInteger("previous")
            state = reader.object["state"] == nil ? nil : try reader.word("state")
            card = try Scorecard(reader: reader)
        }

        var json: JSONValue {
            var object = JSONObject()
            object["version"] = version.map(JSONValue.count)
            object["desired"] = desired.map(JSONValue.count)
            object["previous"] = previous.map(JSONValue.count)
            object["state"] = state.map { .string($0.rawValue) }
            card.write(to: &object)
            return .object(object)
        }
    }

    public var t: Double
    public var state: State
    /// Devices that its decisions are on.
    public var devices: Int
    public var models: [String: Model]
    /// All models together: windows, joules and bytes by cause.
    public var figures: Scorecard

    public init(
        t: Double, state: State, devices: Int, models: [String: Model] = [:], figures: Scorecard = Scorecard()
    ) {
        self.t = t
        self.state = state
        self.devices = devices
        self.models = models
        self.figures = figures
    }

    public init(json: JSONValue) throws(JSONError) {
        let reader = try JSONObjectReader(json)
        t = try reader.time("t")
        state = try reader.word("state")
        devices = try reader.tally("devices")
        models = try reader.entries("models") { (models, name) throws(JSONError) in
            try Model(reader: try models.object(name))
        }
        figures = try Scorecard(reader: try reader.object("figures"))
    }

    public var json: JSONValue {
        .object([
            "t": .time(t), "state": .string(state.rawValue), "devices": .count(devices),
            "models": .entries(models, \.json), "figures": figures.json,
        ])
    }
}
