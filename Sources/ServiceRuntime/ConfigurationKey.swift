/// A documented configuration key of a service.
///
/// A key `bus.host` is read from the flag `--set bus.host=…`, the environment variable `RETORT_BUS_HOST`, the
/// configuration file's `{"bus": {"host": …}}` and the default, in this order.
public struct ConfigurationKey: Sendable {
    public enum Kind: String, Sendable { case string, integer, number, boolean, list }

    public let name: String
    public let kind: Kind
    /// As text, in the form flags and environment use; lists are separated by commas. Nothing: the key may be absent.
    public let defaultValue: String?
    public let help: String
    public let isSecret: Bool

    public init(_ name: String, _ kind: Kind, default defaultValue: String?, isSecret: Bool = false, help: String) {
        self.name = name
        self.kind = kind
        self.defaultValue = defaultValue
        self.help = help
        self.isSecret = isSecret
    }
}
