import JSON
import Telemetry

/// Topics of one shape, and the source that is proposed for them.
struct LearnedSource: Sendable {
    struct Channel: Sendable {
        var name: String
        var field: LearnedField
        var unit: String?
        var values: [String: Double]
        /// Nothing for one that speaks on change.
        var rate: Double?
        /// Keys of the devices that have it.
        var devices: Set<String>
    }

    let name: String
    let format: SourcesLearn.Format
    let topic: String
    /// Nothing where the topic captures it.
    let device: String?
    let key: String?
    private(set) var channels: [Channel] = []
    private(set) var time: (path: String, format: TimeField.Format)?
    private(set) var battery: String?
    private(set) var supply: (path: String, unit: String)?
    /// Fields that are no channels, with why.
    private(set) var leftOut: [(path: String, reason: String)] = []
    private(set) var devices: Set<String> = []

    /// - Parameter topics: of one length and format, each with what stands at each level.
    init(name: String, format: SourcesLearn.Format, topics: [SourcesLearn.Seen], filter: [String]) {
        self.name = name
        self.format = format
        let wild = Self.wildcards(topics.map(\.parts), filter)
        // Of bare values the last wildcard names the channel.
        let deviceLevel: Int?
        var keyLevels: [Int] = []
        if format == .value {
            deviceLevel = wild.count > 1 ? wild.first : nil
            keyLevels = wild.count > 1 ? Array(wild.dropFirst()) : wild
        } else {
            deviceLevel = wild.max { a, b in
                Set(topics.map { $0.parts[a] }).count < Set(topics.map { $0.parts[b] }).count
                    || (Set(topics.map { $0.parts[a] }).count == Set(topics.map { $0.parts[b] }).count && a < b)
            }
        }
        let parts = topics[0].parts
        topic = parts.indices.map { level in
            if level == deviceLevel { return "{device}" }
            if keyLevels.contains(level) { return keyLevels.count == 1 ? "{channel}" : "{channel\(level)}" }
            return wild.contains(level) ? "+" : parts[level]
        }.joined(separator: "/")
        key =
            format == .value
            ? keyLevels.map { keyLevels.count == 1 ? "{channel}" : "{channel\($0)}" }.joined(separator: "/") : nil
        let end = keyLevels.first ?? parts.count
        let fixed = parts.indices.last { !wild.contains($0) && $0 < end }
        device = deviceLevel == nil ? fixed.map { parts[$0] } ?? name : nil
        for topic in topics {
            let device = deviceLevel.map { topic.parts[$0] } ?? name
            devices.insert(device)
            add(topic, device, key: keyLevels.map { topic.parts[$0] })
        }
        disambiguate()
    }

    /// Levels that stand for many: where the filter has a wildcard, or where topics under its `#` differ.
    private static func wildcards(_ topics: [[String]], _ filter: [String]) -> [Int] {
        topics[0].indices.filter { level in
            if level < filter.count, filter[level] == "+" { return true }
            guard level >= filter.count - 1, filter.last == "#" else { return false }
            return Set(topics.map { $0[level] }).count > 1 || (topics.count == 1 && level == topics[0].count - 1)
        }
    }

    // MARK: Fields

    private mutating func add(_ topic: SourcesLearn.Seen, _ device: String, key: [String]) {
        let hasBattery = topic.fields.values.contains(where: LearnedMeaning.isBattery)
        for (_, seen) in topic.fields.sorted(by: { $0.key.lexicographicallyPrecedes($1.key) }) where seen.count > 0 {
            // A bare value's name stands in its topic.
            let field = format == .value ? seen.named(key) : seen
            let text = format == .value ? key.joined(separator: "/") : field.pathText
            switch LearnedMeaning(field, hasBattery: hasBattery) {
            case .channel(let unit, let values): add(field, text, unit, values, device)
            case .time(let format): if time == nil { time = (text, format) }
            case .battery: if battery == nil { battery = text }
            case .supply(let unit): if supply == nil { supply = (text, unit) }
            case .leftOut(let reason):
                if !leftOut.contains(where: { $0.path == text }) { leftOut.append((text, reason)) }
            }
        }
    }

    private mutating func add(
        _ field: LearnedField, _ path: String, _ unit: String?, _ values: [String: Double], _ device: String
    ) {
        if let at = channels.firstIndex(where: { $0.path == path }) {
            channels[at].devices.insert(device)
            channels[at].values.merge(values) { first, _ in first }
            // One device's silence is enough for all.
            if let rate = field.steadyRate, let known = channels[at].rate {
                channels[at].rate = min(rate, known)
            } else {
                channels[at].rate = nil
            }
            return
        }
        guard channels.count < SourcesDocument.maximumChannels else { return }
        channels.append(
            Channel(
                name: Self.channelName(field.name), field: field, unit: unit, values: values,
                rate: field.steadyRate,
                devices: [device]))
    }

    private static func channelName(_ name: String) -> String {
        String(name.lowercased().map { $0.isLetter || $0.isNumber ? $0 : "_" })
    }

    /// Two channels that one device has are told apart by what stands before their names.
    private mutating func disambiguate() {
        for index in channels.indices {
            let same = channels.indices.filter {
                $0 != index && channels[$0].name == channels[index].name
                    && !channels[$0].devices.isDisjoint(with: channels[index].devices)
            }
            guard !same.isEmpty else { continue }
            for at in [index] + same {
                channels[at].name = channels[at].field.path.filter { Int($0) == nil }.map(Self.channelName)
                    .joined(separator: "_")
            }
        }
    }

    // MARK: The proposal

    /// The source as a file has it.
    var json: JSONValue {
        var object: JSONObject = ["name": .string(name), "topic": .string(topic), "decoder": .string(format.rawValue)]
        if let device { object["device"] = .string(device) }
        if let key { object["key"] = .string(key) }
        if let time {
            object["time"] = .object(["path": .string(time.path), "format": .string(time.format.rawValue)])
        }
        if let battery { object["battery"] = .object(["path": .string(battery)]) }
        if let supply { object["voltage"] = .object(["path": .string(supply.path), "unit": .string(supply.unit)]) }
        object["channels"] = .array(channels.map(\.json))
        return .object(object)
    }
}

extension LearnedSource.Channel {
    /// Seconds of silence that are proposed for a channel that speaks on change: what was seen is no promise.
    var longestSilence: Double { max(7200, ((field.longestInterval ?? 0) * 3).rounded(.up)) }

    var json: JSONValue {
        var object: JSONObject = ["name": .string(name)]
        if path != name { object["path"] = .string(path) }
        object["unit"] = unit.map(JSONValue.string)
        if let rate {
            object["timing"] = .string("periodic")
            object["rate"] = JSONValue(exactly: rate)
        } else {
            object["timing"] = .string("on-change")
            object["longestSilence"] = JSONValue(exactly: longestSilence)
        }
        if !values.isEmpty {
            var map = JSONObject()
            for (text, value) in values.sorted(by: { $0.key < $1.key }) { map[text] = JSONValue(exactly: value) }
            object["values"] = .object(map)
        }
        return .object(object)
    }

    var path: String { field.isBare ? field.path.joined(separator: "/") : field.pathText }
}
