public import JSON

/// Asks a device's edge for its live signal, which it gives for ``seconds``; asked again, it goes on.
public struct PreviewRequest: MessagePayload {
    /// For how long a signal is given after it was asked for.
    public static let seconds = 60.0

    public var t: Double
    public var device: DeviceID

    public init(t: Double, device: DeviceID) {
        self.t = t
        self.device = device
    }

    public init(json: JSONValue) throws(JSONError) {
        let reader = try JSONObjectReader(json)
        t = try reader.time("t")
        let (site, name) = (try reader.string("site"), try reader.string("device"))
        guard Slug.isValid(site), Slug.isValid(name) else {
            throw JSONError(.wrongType, "site, device: must match [a-z0-9._-]+")
        }
        device = DeviceID(site: site, device: name)
    }

    public var json: JSONValue {
        .object(["t": .time(t), "site": .string(device.site), "device": .string(device.device)])
    }
}
