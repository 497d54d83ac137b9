public import JSON
import Telemetry

extension TaskDocument {
    /// Reads a task and checks that its parts agree.
    ///
    /// - Throws: `JSONError` that names the key at fault.
    public init(json: JSONValue) throws(JSONError) {
        let reader = try JSONObjectReader(json)
        let format = try reader.optionalInteger("format") ?? Self.currentFormat
        guard format == Self.currentFormat else {
            throw JSONError(.wrongType, "format: this version reads task format \(Self.currentFormat), not \(format)")
        }
        name = try reader.string("name")
        kind = try reader.word("kind")
        channels = []
        for (index, element) in try reader.elements("channels").enumerated() {
            let channel = try JSONObjectReader(element, path: "channels[\(index)]")
            channels.append(Channel(name: try channel.string("name"), unit: try channel.optionalString("unit") ?? ""))
        }
        rate = try reader.number("rate")
        window = try reader.integer("window")
        step = try reader.integer("step")
        classes = try Self.classes(reader)
        target = try reader.optionalObject("target").map { (target) throws(JSONError) in
            Channel(name: try target.string("name"), unit: try target.optionalString("unit") ?? "")
        }
        heads = []
        for (index, element) in (try reader.optionalElements("heads") ?? []).enumerated() {
            let head = try JSONObjectReader(element, path: "heads[\(index)]")
            heads.append(Head(name: try head.string("name"), classes: try Self.classes(head)))
        }
        missingChannel = reader.object["missingChannel"] == nil ? .refuse : try reader.word("missingChannel")
        axes = []
        for element in try reader.optionalElements("axes") ?? [] {
            guard let names = element.elements?.compactMap(\.string), names.count == 3 else {
                throw JSONError(.wrongType, "axes: each group names three channels")
            }
            axes.append(names)
        }
        devices = try reader.optionalStrings("devices") ?? ["*/*"]
        evaluationDevices = try reader.optionalStrings("evaluationDevices") ?? []
        let limits = try reader.object("student")
        student = StudentLimits(
            profile: try limits.string("profile"), parameters: try limits.integer("parameters"),
            bytes: try limits.integer("bytes"))
        try validate()
    }

    /// A class is its name, or an object with `name` and `superclass`.
    private static func classes(_ reader: JSONObjectReader) throws(JSONError) -> [Class] {
        var classes: [Class] = []
        for (index, element) in (try reader.optionalElements("classes") ?? []).enumerated() {
            if let name = element.string {
                classes.append(Class(name: name))
            } else {
                let entry = try JSONObjectReader(element, path: "classes[\(index)]")
                classes.append(
                    Class(name: try entry.string("name"), superclass: try entry.optionalString("superclass")))
            }
        }
        return classes
    }

    private func validate() throws(JSONError) {
        func check(_ holds: Bool, _ message: String) throws(JSONError) {
            if !holds { throw JSONError(.wrongType, message) }
        }
        func check(_ classes: [Class]) throws(JSONError) {
            try check((2...1024).contains(classes.count), "classes: classification needs 2 to 1024")
            try check(Set(classes.map(\.name)).count == classes.count, "classes: a name stands twice")
        }
        try check(Slug.isValid(name), "name: \"\(name)\" must match [a-z0-9._-]+")
        try check(!channels.isEmpty && channels.count <= 256, "channels: between 1 and 256 are needed")
        try check(Set(channels.map(\.name)).count == channels.count, "channels: a name stands twice")
        try check(rate > 0 && rate <= 100_000, "rate: must be above 0 and at most 100000 samples per second")
        try check((1...65_536).contains(window), "window: must be 1 to 65536 samples")
        try check((1...window).contains(step), "step: must be 1 to \(window) samples (the window)")
        try check(window * channels.count <= 1 << 20, "window: more than 1048576 values")
        for group in axes {
            for name in group {
                try check(channels.contains { $0.name == name }, "axes: \"\(name)\" is no channel")
            }
        }
        switch kind {
        case .classification:
            try check(classes)
        case .regression:
            try check(target != nil, "target: regression needs one")
        case .multiHead:
            try check((2...64).contains(heads.count), "heads: 2 to 64 are needed; for one, use kind classification")
            try check(Set(heads.map(\.name)).count == heads.count, "heads: a name stands twice")
            for head in heads { try check(head.classes) }
        }
        try check(student.parameters > 0, "student.parameters: must be above 0")
        try check(student.bytes > 0, "student.bytes: must be above 0")
    }

    public var json: JSONValue {
        var object: JSONObject = [
            "format": .integer(Int64(Self.currentFormat)), "name": .string(name), "kind": .string(kind.rawValue),
            "channels": .array(channels.map(\.json)), "rate": JSONValue(exactly: rate),
            "window": .integer(Int64(window)), "step": .integer(Int64(step)),
        ]
        if !classes.isEmpty { object["classes"] = .array(classes.map(\.json)) }
        if let target { object["target"] = target.json }
        if !heads.isEmpty {
            object["heads"] = .array(
                heads.map { .object(["name": .string($0.name), "classes": .array($0.classes.map(\.json))]) })
        }
        object["missingChannel"] = .string(missingChannel.rawValue)
        if !axes.isEmpty { object["axes"] = .array(axes.map { .array($0.map(JSONValue.string)) }) }
        object["devices"] = .array(devices.map(JSONValue.string))
        if !evaluationDevices.isEmpty {
            object["evaluationDevices"] = .array(evaluationDevices.map(JSONValue.string))
        }
        object["student"] = .object([
            "profile": .string(student.profile), "parameters": .integer(Int64(student.parameters)),
            "bytes": .integer(Int64(student.bytes)),
        ])
        return .object(object)
    }
}

extension TaskDocument.Channel {
    var json: JSONValue { .object(["name": .string(name), "unit": .string(unit)]) }
}

extension TaskDocument.Class {
    var json: JSONValue {
        var value: JSONObject = ["name": .string(name)]
        if let superclass { value["superclass"] = .string(superclass) }
        return .object(value)
    }
}
