import JSON

/// What an edge may fetch of whole files, and what it has fetched within a day.
struct FullDownloads: Sendable {
    enum Policy: Sendable, Equatable {
        case always, never
        case bytesPerDay(Int)

        /// `always`, `never`, or a count of bytes.
        init?(_ text: String) {
            switch text {
            case "always": self = .always
            case "never": self = .never
            default:
                guard let bytes = Int(text), bytes > 0 else { return nil }
                self = .bytesPerDay(bytes)
            }
        }

        var description: String {
            switch self {
            case .always: "always"
            case .never: "never"
            case .bytesPerDay(let bytes): "\(bytes)"
            }
        }
    }

    private struct Download {
        var t: Double
        var bytes: Int
    }

    static let name = "full-downloads.json"
    private static let day = 86_400.0

    let policy: Policy
    private var downloads: [Download] = []

    init(_ policy: Policy) { self.policy = policy }

    /// Bytes of whole files that may still be fetched now.
    func allowance(now: Double) -> Int {
        switch policy {
        case .always: .max
        case .never: 0
        case .bytesPerDay(let bytes):
            // A clock that was set back counts what lies ahead of it too.
            max(0, bytes - downloads.reduce(0) { $1.t > now - Self.day ? $0 + $1.bytes : $0 })
        }
    }

    /// Notes bytes that are about to be fetched.
    mutating func charge(_ bytes: Int, now: Double) {
        guard case .bytesPerDay = policy else { return }
        downloads.removeAll { $0.t <= now - Self.day }
        downloads.append(Download(t: now, bytes: bytes))
    }

    // MARK: Over a restart

    /// - Throws: `JSONError`.
    mutating func restore(_ file: [UInt8]) throws(JSONError) {
        var found: [Download] = []
        for element in try JSONObjectReader(JSONValue(parsing: file)).elements("downloads") {
            let entry = try JSONObjectReader(element, path: "downloads")
            found.append(Download(t: try entry.number("t"), bytes: try entry.integer("bytes")))
        }
        downloads = found
    }

    var file: [UInt8] {
        JSONValue.object([
            "downloads": .array(
                downloads.map { .object(["t": JSONValue($0.t, places: 3), "bytes": .integer(Int64($0.bytes))]) })
        ]).bytes
    }
}
