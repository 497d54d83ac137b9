public import JSON

/// One model's figures on one device within a time.
public struct DeviceFigures: MessagePayload {
    public var device: DeviceID
    public var model: String
    public var card: Scorecard

    public init(device: DeviceID, model: String, card: Scorecard) {
        self.device = device
        self.model = model
        self.card = card
    }

    public init(json: JSONValue) throws(JSONError) {
        let reader = try JSONObjectReader(json)
        device = DeviceID(site: try reader.string("site"), device: try reader.string("device"))
        model = try reader.string("model")
        card = try Scorecard(reader: reader)
    }

    public var json: JSONValue {
        var object: JSONObject = [
            "site": .string(device.site), "device": .string(device.device), "model": .string(model),
        ]
        card.write(to: &object)
        return .object(object)
    }
}
