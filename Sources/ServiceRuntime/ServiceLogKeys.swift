/// Keys of this library's log metadata.
public enum ServiceLogKeys {
    public static let instance = "service.instance"
    public static let version = "service.version"
    public static let state = "service.state"
    public static let error = "error"
}
