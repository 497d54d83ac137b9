import JSON

/// How often each student was unsure of itself since it began to decide here: what drift shows in without any label.
///
/// Only students with a calibrated gate are counted; a new version begins at 0.
struct GateCounts: Sendable {
    private struct Count {
        var version: Int
        var windows = 0
        var uncertain = 0
    }

    private var counts: [String: Count] = [:]

    init() {}

    mutating func count(_ model: String, version: Int, isUncertain: Bool) {
        var count = counts[model] ?? Count(version: version)
        if count.version != version { count = Count(version: version) }
        count.windows += 1
        if isUncertain { count.uncertain += 1 }
        counts[model] = count
    }

    mutating func forget(_ model: String) { counts[model] = nil }

    /// For `status/`; nothing while no such student has decided.
    var json: JSONValue? {
        guard !counts.isEmpty else { return nil }
        var object = JSONObject()
        for (model, count) in counts.sorted(by: { $0.key < $1.key }) {
            object[model] = .object([
                "version": .integer(Int64(count.version)), "windows": .integer(Int64(count.windows)),
                "uncertain": .integer(Int64(count.uncertain)),
            ])
        }
        return .object(object)
    }
}
