public import JSON

/// A stretch of a device's live signal, thinned out for looking at.
public struct PreviewMessage: MessagePayload {
    /// Rows at most.
    public static let maximumRows = 200

    /// When the edge said it.
    public var t: Double
    /// The samples, in the form of telemetry: ``TelemetryMessage/t`` is the device's time of the first row, the interval is
    /// between rows.
    public var samples: TelemetryMessage

    public init(t: Double, samples: TelemetryMessage) {
        self.t = t
        self.samples = samples
    }

    public init(json: JSONValue) throws(JSONError) {
        guard case .object(var object) = json else { throw JSONError(.wrongType, "expected an object") }
        let reader = try JSONObjectReader(json)
        t = try reader.time("t")
        let from = try reader.time("from")
        object["t"] = .time(from)
        samples = try TelemetryMessage(json: .object(object))
        guard samples.rows <= Self.maximumRows else {
            throw JSONError(.tooLarge, "values: \(samples.rows) rows; a preview has at most \(Self.maximumRows)")
        }
    }

    public var json: JSONValue {
        guard case .object(var object) = samples.json else { return .null }
        object["from"] = object["t"]
        object["t"] = .time(t)
        return .object(object)
    }
}
