import JSON

/// One thing that was looked at, and what to do about it.
public struct DoctorFinding: Sendable, Equatable {
    /// How bad it is.
    public enum Level: String, Sendable, CaseIterable, Comparable {
        case ok
        /// It works, and will not for long or not for all.
        case warning
        case error

        public static func < (a: Self, b: Self) -> Bool {
            (allCases.firstIndex(of: a) ?? 0) < (allCases.firstIndex(of: b) ?? 0)
        }
    }

    /// What was looked at, a stable word for programs: `broker.connect`, `tls.expiry`, `topics.unread`.
    public var check: String
    public var level: Level
    /// What was found.
    public var what: String
    /// What to do; nothing where all is well.
    public var advice: String?

    init(_ check: String, _ level: Level, _ what: String, advice: String? = nil) {
        self.check = check
        self.level = level
        self.what = what
        self.advice = advice
    }

    static func ok(_ check: String, _ what: String) -> Self { Self(check, .ok, what) }
    static func warning(_ check: String, _ what: String, do advice: String) -> Self {
        Self(check, .warning, what, advice: advice)
    }
    static func error(_ check: String, _ what: String, do advice: String) -> Self {
        Self(check, .error, what, advice: advice)
    }

    var json: JSONValue {
        var object: JSONObject = [
            "check": .string(check), "level": .string(level.rawValue), "what": .string(what),
        ]
        object["do"] = advice.map(JSONValue.string)
        return .object(object)
    }
}
