import JSON

extension SensorSource {
    static let keys = [
        "name", "about", "topic", "ignore", "site", "device", "decoder", "textNumbers", "key", "dt", "time", "channels",
        "battery", "voltage",
    ]

    init(_ json: JSONValue, _ path: String) throws(SourceError) {
        let reader = try StrictReader(json, path, Self.keys)
        guard let name = try reader.string("name") else { throw reader.fault("name", "is missing; say which source") }
        guard Slug.isValid(name) else {
            throw reader.fault("name", "\"\(name)\" must be of a-z, 0-9, \".\", \"_\", \"-\"")
        }
        self.name = name
        guard let text = try reader.string("topic") else {
            throw reader.fault("topic", "is missing; write an MQTT filter such as zigbee2mqtt/{device}")
        }
        let topic = try reader.part("topic") { () throws(SourceError) in try TopicPattern(text) }
        self.topic = topic
        ignored = []
        for ignored in try reader.read({ (object) throws(JSONError) in try object.optionalStrings("ignore") }) ?? [] {
            self.ignored.append(try reader.part("ignore") { () throws(SourceError) in try TopicPattern(ignored) })
        }
        decoder = try Self.decoder(reader)
        let isSenML = decoder == .senMLJSON || decoder == .senMLCBOR
        let known = topic.names + (isSenML ? ["bn"] : [])
        if let site = try reader.string("site") ?? (topic.names.contains("site") ? "{site}" : nil) {
            self.site = try reader.part("site") { () throws(SourceError) in try TextTemplate(site, known: topic.names) }
        }
        guard let device = try reader.string("device") ?? (topic.names.contains("device") ? "{device}" : nil) else {
            throw reader.fault("device", "is missing; name it, or capture {device} in the topic")
        }
        self.device = try reader.part("device") { () throws(SourceError) in try TextTemplate(device, known: known) }
        if case .value(let key) = decoder {
            self.key = try reader.part("key") { () throws(SourceError) in try TextTemplate(key, known: topic.names) }
        }
        time = try Self.time(reader, decoder)
        battery = try Self.supply(reader, "battery", in: "%", decoder)
        voltage = try Self.supply(reader, "voltage", in: "V", decoder)
        channels = try Self.channels(reader, decoder)
    }

    private static func decoder(_ reader: StrictReader) throws(SourceError) -> Decoder {
        let words = "json, value, senml-json, senml-cbor, int16, float32"
        guard let word = try reader.string("decoder") else {
            throw reader.fault("decoder", "is missing; take one of \(words)")
        }
        if word != "json" { try reader.none(of: ["textNumbers"], "only the decoder json has it") }
        if word != "value" { try reader.none(of: ["key"], "only the decoder value has it") }
        if word != "int16", word != "float32" { try reader.none(of: ["dt"], "only int16 and float32 have it") }
        switch word {
        case "json":
            let flag = try reader.read { (object) throws(JSONError) in try object.optionalBool("textNumbers") }
            return .json(textNumbers: flag ?? false)
        case "value":
            guard let key = try reader.string("key") else {
                throw reader.fault("key", "is missing; say which part of the topic is the channel, such as {sensor}")
            }
            return .value(key: key)
        case "senml-json": return .senMLJSON
        case "senml-cbor": return .senMLCBOR
        case "int16", "float32":
            guard let interval = try reader.number("dt", 1e-5...86_400, "interval in seconds") else {
                throw reader.fault("dt", "is missing; say how many seconds lie between samples")
            }
            return word == "int16" ? .int16(interval: interval) : .float32(interval: interval)
        default: throw reader.fault("decoder", "\"\(word)\" is none of \(words)")
        }
    }

    private static func time(_ reader: StrictReader, _ decoder: Decoder) throws(SourceError) -> TimeField? {
        guard let json = reader.object.object["time"] else { return nil }
        guard case .json = decoder else {
            try reader.none(of: ["time"], "only JSON has a time field; others bring their own or have none")
            return nil
        }
        let time = try StrictReader(json, reader.name("time"), ["path", "format", "zone"])
        guard let text = try time.string("path") else {
            throw time.fault("path", "is missing; say where the time stands")
        }
        let path = try time.part("path") { () throws(SourceError) in try ValuePath(text) }
        let format = try time.read { (object) throws(JSONError) in try object.word("format", as: TimeField.Format.self)
        }
        let zone = try time.string("zone")
        if let zone {
            guard format == .iso8601, Timestamp.parse(iso8601: "2000-01-01T12:00:00" + zone) != nil else {
                throw time.fault("zone", "\"\(zone)\" must be like +01:00, and goes with iso8601 only")
            }
        }
        return TimeField(path: path, format: format, zone: zone)
    }

    private static func supply(
        _ reader: StrictReader, _ key: String, in unit: String, _ decoder: Decoder
    ) throws(SourceError) -> SupplyField? {
        guard let json = reader.object.object[key] else { return nil }
        if decoder.isRaw { try reader.none(of: [key], "raw samples have none") }
        let field = try StrictReader(json, reader.name(key), ["path", "unit"])
        guard let path = try field.string("path") else { throw field.fault("path", "is missing; say where it stands") }
        let steps = try field.part("path") { () throws(SourceError) in decoder.isJSON ? try ValuePath(path) : nil }
        let from = try field.string("unit") ?? unit
        let conversion = try field.part("unit") { () throws(SourceError) in try UnitConversion(from: from, to: unit) }
        return SupplyField(path: path, steps: steps, conversion: conversion)
    }

    private static func channels(_ reader: StrictReader, _ decoder: Decoder) throws(SourceError) -> [SourceChannel] {
        let elements = try reader.read { (object) throws(JSONError) in try object.elements("channels") }
        guard (1...SourcesDocument.maximumChannels).contains(elements.count) else {
            throw reader.fault("channels", "1 to \(SourcesDocument.maximumChannels) are needed, not \(elements.count)")
        }
        var channels: [SourceChannel] = []
        for (index, element) in elements.enumerated() {
            let path = reader.name("channels[\(index)]")
            let channel = try SourceChannel(element, path, decoder)
            // Of two places for one channel, such as a button's, each message may have one.
            if channels.contains(where: { $0.path == channel.path && $0.name == channel.name }) {
                throw SourceError(
                    .file, "\(path): \"\(channel.name)\" at \"\(channel.path)\" stands twice; take one out")
            }
            if decoder.isRaw, channels.contains(where: { $0.name == channel.name }) {
                throw SourceError(.file, "\(path).name: \"\(channel.name)\" stands twice; give each its own")
            }
            channels.append(channel)
        }
        return channels
    }
}

extension SensorSource.Decoder {
    var isJSON: Bool { if case .json = self { true } else { false } }

    /// Seconds between samples of a raw decoder.
    var rawInterval: Double? {
        switch self {
        case .int16(let interval), .float32(let interval): interval
        case .json, .value, .senMLJSON, .senMLCBOR: nil
        }
    }

    var isRaw: Bool { rawInterval != nil }
}

extension SourceChannel {
    static let keys = [
        "name", "path", "unit", "timing", "rate", "longestSilence", "series", "values", "scale", "offset",
    ]

    init(_ json: JSONValue, _ path: String, _ decoder: SensorSource.Decoder) throws(SourceError) {
        let reader = try StrictReader(json, path, Self.keys)
        guard let name = try reader.string("name"), !name.isEmpty, name.utf8.count <= 128 else {
            throw reader.fault("name", "is missing; name the channel as the task does, in 1 to 128 bytes")
        }
        self.name = name
        if decoder.isRaw {
            try reader.none(of: ["path"], "raw samples stand in the order of the channels")
            try reader.none(of: ["values"], "raw samples are numbers")
        }
        self.path = try reader.string("path") ?? name
        let text = self.path
        steps = try reader.part("path") { () throws(SourceError) in decoder.isJSON ? try ValuePath(text) : nil }
        unit = try reader.string("unit")
        timing = try Self.timing(reader, decoder)
        isSeries = try reader.read { (object) throws(JSONError) in try object.optionalBool("series") } ?? false
        if isSeries {
            guard decoder.isJSON, case .periodic = timing else {
                throw reader.fault("series", "goes with the decoder json and a periodic channel only; take it out")
            }
        }
        scale = try reader.number("scale", -1e12...1e12, "factor") ?? 1
        offset = try reader.number("offset", -1e12...1e12, "summand") ?? 0
        values = [:]
        guard let map = reader.object.object["values"] else { return }
        guard case .object(let members) = map, !members.isEmpty else {
            throw reader.fault("values", "must be an object such as {\"ON\": 1, \"OFF\": 0}")
        }
        for (key, value) in members {
            guard let number = value.number else { throw reader.fault("values.\(key)", "must be a number") }
            values[key] = number
        }
    }

    private static func timing(
        _ reader: StrictReader, _ decoder: SensorSource.Decoder
    ) throws(SourceError) -> ChannelTiming {
        if let interval = decoder.rawInterval {
            try reader.none(of: ["timing", "rate", "longestSilence"], "raw samples have their rate from dt")
            return .periodic(rate: 1 / interval)
        }
        switch try reader.string("timing") {
        case "periodic":
            try reader.none(of: ["longestSilence"], "a periodic channel has a rate instead")
            guard let rate = try reader.number("rate", 1e-6...100_000, "number of samples per second") else {
                throw reader.fault("rate", "is missing; say how many samples come per second")
            }
            return .periodic(rate: rate)
        case "on-change":
            try reader.none(of: ["rate"], "an on-change channel has longestSilence instead")
            guard let silence = try reader.number("longestSilence", 1e-3...31_622_400, "number of seconds") else {
                throw reader.fault("longestSilence", "is missing; say after how many seconds silence is a fault")
            }
            return .onChange(longestSilence: silence)
        case .some(let word): throw reader.fault("timing", "\"\(word)\" is neither periodic nor on-change")
        case nil:
            throw reader.fault("timing", "is missing; say periodic (with rate) or on-change (with longestSilence)")
        }
    }
}
