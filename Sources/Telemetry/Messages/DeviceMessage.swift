public import JSON

/// What an edge knows of a device beside its samples, retained on `device/{site}/{device}`.
public struct DeviceMessage: MessagePayload {
    /// A battery's charge, and where it is going.
    public struct Battery: Sendable, Equatable {
        /// 0 to 100.
        public var percent: Double
        /// Percentage points a day, below 0 while it empties; nothing before a day of it has been seen.
        public var percentPerDay: Double?
        /// Days until it is empty at that pace.
        public var daysLeft: Double?

        public init(percent: Double, percentPerDay: Double? = nil, daysLeft: Double? = nil) {
            self.percent = percent
            self.percentPerDay = percentPerDay
            self.daysLeft = daysLeft
        }

        init(reader: JSONObjectReader) throws(JSONError) {
            percent = try reader.number("percent")
            percentPerDay = try reader.optionalNumber("percentPerDay")
            daysLeft = try reader.optionalNumber("daysLeft")
        }

        var json: JSONValue {
            var object: JSONObject = ["percent": JSONValue(percent, places: 1)]
            object["percentPerDay"] = percentPerDay.map { JSONValue($0, places: 3) }
            object["daysLeft"] = daysLeft.map { JSONValue($0, places: 0) }
            return .object(object)
        }
    }

    public var t: Double
    /// The edge that hears it.
    public var edge: String
    /// The publisher's own name for it, before it was made fit for a topic.
    public var name: String
    /// The source of the edge's sources files that it was first heard through; nothing for telemetry of our own form.
    public var source: String?
    public var battery: Battery?
    /// Volts of the device's supply.
    public var supplyVolts: Double?
    /// Seconds by which the device's clock is ahead of the edge's, the usual delay of a message included.
    public var clockSkew: Double?
    /// The class that somebody says it is in now, by model.
    public var labelling: [String: String]

    public init(
        t: Double, edge: String, name: String, source: String? = nil, battery: Battery? = nil,
        supplyVolts: Double? = nil, clockSkew: Double? = nil, labelling: [String: String] = [:]
    ) {
        self.t = t
        self.edge = edge
        self.name = name
        self.source = source
        self.battery = battery
        self.supplyVolts = supplyVolts
        self.clockSkew = clockSkew
        self.labelling = labelling
    }

    public init(json: JSONValue) throws(JSONError) {
        let reader = try JSONObjectReader(json)
        t = try reader.time("t")
        edge = try reader.string("edge")
        name = try reader.string("name")
        source = try reader.optionalString("source")
        battery = try reader.optionalObject("battery").map { (battery) throws(JSONError) in
            try Battery(reader: battery)
        }
        supplyVolts = try reader.optionalNumber("supplyVolts")
        clockSkew = try reader.optionalNumber("clockSkew")
        labelling = [:]
        if let choices = try reader.optionalObject("labelling") {
            for model in choices.object.keys { labelling[model] = try choices.string(model) }
        }
    }

    public var json: JSONValue {
        var object: JSONObject = ["t": .time(t), "edge": .string(edge), "name": .string(name)]
        object["source"] = source.map(JSONValue.string)
        object["battery"] = battery?.json
        object["supplyVolts"] = supplyVolts.map { JSONValue($0, places: 3) }
        object["clockSkew"] = clockSkew.map { JSONValue($0, places: 3) }
        if !labelling.isEmpty { object["labelling"] = .entries(labelling) { .string($0) } }
        return .object(object)
    }
}
