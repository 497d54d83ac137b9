public import JSON

/// One device as its decisions show it, retained on `fleet/device/{site}/{device}`.
public struct FleetDevice: MessagePayload {
    /// Whether the device's edge still hears it.
    public enum State: String, Sendable, CaseIterable { case online, offline, unknown }

    /// One model's decisions on the device.
    public struct Model: Sendable, Equatable {
        /// Version that decided last, and its decision.
        public var version: Int
        public var label: String?
        public var confidence: Double?
        public var value: Double?
        public var unit: String?
        /// Several heads: the label of each.
        public var heads: [String: String]
        /// Device time of the last window's end.
        public var to: Double
        /// All versions together.
        public var card: Scorecard

        public init(
            version: Int, label: String? = nil, confidence: Double? = nil, value: Double? = nil, unit: String? = nil,
            heads: [String: String] = [:], to: Double, card: Scorecard
        ) {
            self.version = version
            self.label = label
            self.confidence = confidence
            self.value = value
            self.unit = unit
            self.heads = heads
            self.to = to
            self.card = card
        }

        init(reader: JSONObjectReader) throws(JSONError) {
            version = try reader.positive("version")
            label = try reader.optionalString("label")
            confidence = try reader.optionalShare("confidence")
            value = try reader.optionalNumber("value")
            unit = try reader.optionalString("unit")
            heads = try reader.entries("heads") { (heads, head) throws(JSONError) in try heads.string(head) }
            to = try reader.time("to")
            card = try Scorecard(reader: reader)
        }

        var json: JSONValue {
            var object: JSONObject = ["version": .count(version)]
            object["label"] = label.map(JSONValue.string)
            object["confidence"] = confidence.map { JSONValue($0, places: 4) }
            object["value"] = value.map { JSONValue($0, places: 6) }
            if !heads.isEmpty { object["heads"] = .entries(heads, JSONValue.string) }
            object["to"] = .time(to)
            card.write(to: &object)
            object["unit"] = unit.map(JSONValue.string)
            return .object(object)
        }
    }

    public var t: Double
    public var state: State
    public var models: [String: Model]
    /// Of a device whose edge knows it.
    public var battery: DeviceMessage.Battery?

    public init(
        t: Double, state: State, models: [String: Model] = [:], battery: DeviceMessage.Battery? = nil
    ) {
        self.t = t
        self.state = state
        self.models = models
        self.battery = battery
    }

    public init(json: JSONValue) throws(JSONError) {
        let reader = try JSONObjectReader(json)
        t = try reader.time("t")
        state = try reader.word("state")
        models = try reader.entries("models") { (models, name) throws(JSONError) in
            try Model(reader: try models.object(name))
        }
        battery = try reader.optionalObject("battery").map { (battery) throws(JSONError) in
            try DeviceMessage.Battery(reader: battery)
        }
    }

    public var json: JSONValue {
        var object: JSONObject = [
            "t": .time(t), "state": .string(state.rawValue), "models": .entries(models, \.json),
        ]
        object["battery"] = battery?.json
        return .object(object)
    }
}
