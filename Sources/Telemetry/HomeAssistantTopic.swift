/// Where a device is described to Home Assistant, on its MQTT discovery topics.
public enum HomeAssistantTopic {
    public static let defaultPrefix = "homeassistant"

    /// The discovery topic of a device.
    public static func config(prefix: String, _ device: DeviceID) -> String {
        "\(prefix)/device/retort_\(objectID(device.site))/\(objectID(device.device))/config"
    }

    /// A name in the characters that Home Assistant allows, without making two names one.
    private static func objectID(_ name: String) -> String {
        name.reduce(into: "") { text, character in
            switch character {
            case "_": text += "__"
            case ".": text += "_-"
            default: text.append(character)
            }
        }
    }
}
