import JSON

/// Where and how a publisher writes the time.
public struct TimeField: Sendable, Equatable {
    public enum Format: String, Sendable, CaseIterable {
        case seconds = "unix-s"
        case milliseconds = "unix-ms"
        case microseconds = "unix-us"
        case nanoseconds = "unix-ns"
        case iso8601
    }

    let path: ValuePath
    public let format: Format
    /// For texts that name no zone: `+01:00`; without it they are UTC.
    public let zone: String?

    /// Unix seconds; nothing where the value is no time between 2000 and 2100.
    func read(_ value: JSONValue) -> Double? {
        let scale: Double
        switch format {
        case .iso8601:
            guard let text = value.string else { return nil }
            let t = Timestamp.parse(iso8601: Self.namesZone(text) ? text : text + (zone ?? ""))
            return t.flatMap { plausibleTimes.contains($0) ? $0 : nil }
        case .seconds: scale = 1
        case .milliseconds: scale = 1e3
        case .microseconds: scale = 1e6
        case .nanoseconds: scale = 1e9
        }
        guard let number = value.number ?? value.string.flatMap(Double.init) else { return nil }
        let t = number / scale
        return plausibleTimes.contains(t) ? t : nil
    }

    private static func namesZone(_ text: String) -> Bool {
        // Behind the date, only a zone has these.
        text.dropFirst(10).contains { $0 == "Z" || $0 == "z" || $0 == "+" || $0 == "-" }
    }
}
