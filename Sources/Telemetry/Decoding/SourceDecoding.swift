import JSON

/// One message on its way through a source's decoder.
struct SourceDecoding {
    let source: SensorSource
    let captures: [String: String]
    let site: String
    let arrival: Double
    var message: DecodedMessage

    init(source: SensorSource, captures: [String: String], site: String, arrival: Double) {
        self.source = source
        self.captures = captures
        self.site = site
        self.arrival = arrival
        message = DecodedMessage(source: source.name, devices: [])
    }

    mutating func decode(_ payload: [UInt8]) throws(SourceError) {
        switch source.decoder {
        case .json(let textNumbers): try json(payload, textNumbers: textNumbers)
        case .value: try bare(payload)
        case .senMLJSON: try senML(try SenMLRecord.read(json: payload))
        case .senMLCBOR: try senML(try SenMLRecord.read(cbor: payload))
        case .int16(let interval): try raw(payload, .int16, interval)
        case .float32(let interval): try raw(payload, .float32, interval)
        }
    }

    private mutating func issue(_ place: String, _ reason: String) {
        guard message.issues.count < 20 else { return }
        message.issues.append(DecodedMessage.Issue(place: place, reason: reason))
    }

    private func device(_ extra: [String: String] = [:]) -> DeviceReadings {
        let captures = captures.merging(extra) { $1 }
        let site = source.site?.fill(captures) ?? site
        let name = source.device.fill(captures)
        return DeviceReadings(device: DeviceID(site: slug(site), device: slug(name)), originalName: name)
    }

    private func slug(_ name: String) -> String { Slug.isValid(name) ? name : Slug.make(name) }

    // MARK: Values

    private mutating func add(
        _ parsed: ParsedValue, _ channel: SourceChannel, _ place: String, t: Double, isArrival: Bool,
        unit: String? = nil,
        to device: inout DeviceReadings
    ) {
        switch parsed {
        case .absent:
            // Of a steady channel the next value is missed anyway; one that would hold its last must be told.
            guard case .onChange = channel.timing else { return }
            device.readings.append(Reading(channel: channel.name, t: t, timeIsArrival: isArrival, value: .nan))
        case .fault(let reason): issue(place, reason)
        case .number(let number):
            let value = number * channel.scale + channel.offset
            guard value.isFinite else { return }
            device.readings.append(
                Reading(
                    channel: channel.name, t: t, timeIsArrival: isArrival, value: value, unit: channel.unit ?? unit))
        }
    }

    private mutating func read(_ field: SupplyField, _ parsed: ParsedValue) -> Double? {
        switch parsed {
        case .number(let value): return value.isFinite ? field.conversion(value) : nil
        case .absent: return nil
        case .fault(let reason):
            issue(field.path, reason)
            return nil
        }
    }

    // MARK: JSON

    private mutating func json(_ payload: [UInt8], textNumbers: Bool) throws(SourceError) {
        let document: JSONValue
        do throws(JSONError) {
            document = try JSONValue(parsing: payload, maximumDepth: 32, maximumBytes: SourceReader.maximumBytes)
        } catch { throw SourceError(.payload, "JSON: \(error)") }
        var device = device()
        var t: Double?
        if let time = source.time, let value = time.path.find(in: document), value != .null {
            t = time.read(value)
            if t == nil {
                issue(time.path.text, "is no \(time.format.rawValue) time from 2000 to 2100; the arrival stands for it")
            }
        }
        for channel in source.channels {
            guard let value = channel.steps?.find(in: document) else { continue }
            try add(value, channel, textNumbers: textNumbers, t: t, to: &device)
        }
        if let field = source.battery, let value = field.steps?.find(in: document) {
            device.batteryPercent = read(field, ParsedValue(value, [:], textNumbers: true))
        }
        if let field = source.voltage, let value = field.steps?.find(in: document) {
            device.supplyVolts = read(field, ParsedValue(value, [:], textNumbers: true))
        }
        message.devices = [device]
    }

    /// One value, or an array of consecutive ones: a time is the first's, an arrival the last's.
    private mutating func add(
        _ value: JSONValue, _ channel: SourceChannel, textNumbers: Bool, t: Double?, to device: inout DeviceReadings
    ) throws(SourceError) {
        guard let elements = value.elements else {
            let parsed = ParsedValue(value, channel.values, textNumbers: textNumbers)
            add(parsed, channel, channel.path, t: t ?? arrival, isArrival: t == nil, to: &device)
            return
        }
        guard channel.isSeries, case .periodic(let rate) = channel.timing else {
            // Where a channel may stand in several places, another one may hold the value.
            guard source.channels.count(where: { $0.name == channel.name }) == 1 else { return }
            issue(channel.path, "is an array; name a place such as [0], or say \"series\": true for samples in time")
            return
        }
        guard device.readings.count + elements.count <= SourceReader.maximumReadings else {
            throw SourceError(.tooLarge, "\(channel.path): more than \(SourceReader.maximumReadings) readings")
        }
        let first = t ?? arrival - Double(elements.count - 1) / rate
        for (index, element) in elements.enumerated() {
            let parsed = ParsedValue(element, channel.values, textNumbers: textNumbers)
            let place = "\(channel.path)[\(index)]"
            add(parsed, channel, place, t: first + Double(index) / rate, isArrival: t == nil, to: &device)
        }
    }

    // MARK: Bare values

    private mutating func bare(_ payload: [UInt8]) throws(SourceError) {
        guard payload.count <= 256, let whole = String(validating: payload, as: UTF8.self) else {
            throw SourceError(.payload, "a bare value is a text of at most 256 bytes")
        }
        let text = String(whole.drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
        let key = source.key?.fill(captures) ?? ""
        var device = device()
        let booleans = ["true": 1.0, "false": 0.0]
        var isKnown = false
        for channel in source.channels where channel.path == key {
            isKnown = true
            let parsed = ParsedValue(text, booleans.merging(channel.values) { $1 }, isNumber: true)
            add(parsed, channel, key, t: arrival, isArrival: true, to: &device)
        }
        if let field = source.battery, field.path == key {
            isKnown = true
            device.batteryPercent = read(field, ParsedValue(text, [:], isNumber: true))
        }
        if let field = source.voltage, field.path == key {
            isKnown = true
            device.supplyVolts = read(field, ParsedValue(text, [:], isNumber: true))
        }
        if !isKnown { issue(key, "is none of the source's channels") }
        message.devices = [device]
    }

    // MARK: SenML

    private mutating func senML(_ records: [SenMLRecord]) throws(SourceError) {
        var devices: [String: DeviceReadings] = [:]
        var order: [String] = []
        for record in records {
            let base = record.baseName
            if devices[base] == nil {
                order.append(base)
                devices[base] = device(["bn": Self.trimmed(base)])
            }
            let t = record.t ?? arrival - record.lag
            guard plausibleTimes.contains(t) else {
                issue(record.fullName, "its time is not from 2000 to 2100")
                continue
            }
            guard var device = devices[base] else { continue }
            devices[base] = nil
            for channel in source.channels where channel.path == record.name || channel.path == record.fullName {
                add(
                    ParsedValue(record.value, channel.values), channel, record.fullName, t: t,
                    isArrival: record.t == nil,
                    unit: record.unit, to: &device)
            }
            if let field = source.battery, field.path == record.name || field.path == record.fullName {
                device.batteryPercent = read(field, ParsedValue(record.value, [:]))
            }
            if let field = source.voltage, field.path == record.name || field.path == record.fullName {
                device.supplyVolts = read(field, ParsedValue(record.value, [:]))
            }
            devices[base] = device
        }
        message.devices = order.compactMap { devices[$0] }
    }

    /// A base name without the separator at its end.
    private static func trimmed(_ name: String) -> String {
        var name = name[...]
        while let last = name.last, "/:.-_".contains(last) { name.removeLast() }
        return String(name)
    }

    // MARK: Raw samples

    private mutating func raw(_ payload: [UInt8], _ format: RawSamples.Format, _ interval: Double) throws(SourceError) {
        let count = source.channels.count
        let values = try RawSamples.read(payload, format, channels: count)
        guard values.count <= SourceReader.maximumReadings else {
            throw SourceError(.tooLarge, "\(values.count) samples; at most \(SourceReader.maximumReadings) are read")
        }
        var device = device()
        device.readings.reserveCapacity(values.count)
        let rows = values.count / count
        for (index, value) in values.enumerated() {
            let t = arrival - Double(rows - 1 - index / count) * interval
            let channel = source.channels[index % count]
            add(.number(value), channel, channel.name, t: t, isArrival: true, to: &device)
        }
        message.devices = [device]
    }
}
