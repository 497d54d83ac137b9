public import JSON

/// What a kind of device can hold, compute and transmit, and what it draws for that, where no meter tells.
///
/// A profile is a JSON document (docs/energy.md); the built-in ones are such documents too.
public struct DeviceProfile: Sendable, Equatable {
    static let currentFormat = 1

    /// Multiply-accumulates a second of one core.
    public struct Throughput: Sendable, Equatable {
        public var int8: EnergyBounds
        public var float32: EnergyBounds
    }

    /// Bytes of a memory.
    public struct Memory: Sendable, Equatable {
        public var bytes: Int
        /// What everything but students takes of them.
        public var reserved: Int
        /// What is left for students.
        public var free: Int { max(0, bytes - reserved) }
    }

    /// With a revision, which grows when a number changes: `rpi5@2`.
    public var name: String
    public var about: String
    public var cores: Int
    /// Whether weights stay where the student is stored, as in a microcontroller's flash, and need no RAM.
    public var runsFromStorage: Bool
    /// Flash, or the disk that keeps students.
    public var storage: Memory
    public var ram: Memory
    public var throughput: Throughput
    /// Watts that one busy core adds to the idle device.
    public var activeCore: EnergyBounds
    /// Watts of the whole idle device, asleep where it can sleep.
    public var idle: EnergyBounds
    /// The links it may have, the usual one first.
    public var radios: [RadioProfile]
    /// Where each number comes from, by its key.
    public var sources: [String: String]

    /// The name without its revision: what tasks and releases call a kind of hardware.
    public var hardware: String { Self.hardware(of: name) }
    /// The usual link.
    public var radio: RadioProfile { radios[0] }

    /// One of its links, by its name with or without the revision.
    public func radio(named name: String) -> RadioProfile? {
        radios.first { $0.name == name || Self.hardware(of: $0.name) == name }
    }

    /// Reads a device's document.
    ///
    /// - Throws: ``EnergyError`` `.invalidProfile`, naming the key and what it needs.
    public init(json: JSONValue) throws(EnergyError) {
        let reader = try ProfileReader(json, kind: "profile")
        try reader.refuseUnknown([
            "format", "name", "about", "cores", "runsFromStorage", "storage", "ram", "throughput", "power", "radios",
        ])
        let format = try reader.count("format")
        guard format == Self.currentFormat else {
            throw reader.fault("format", "is \(format); this version reads format \(Self.currentFormat)")
        }
        name = try reader.revisionedName()
        about = try reader.text("about")
        cores = try reader.count("cores")
        runsFromStorage = try reader.flag("runsFromStorage")
        sources = [:]
        storage = try Self.memory(try reader.object("storage"), into: &sources)
        ram = try Self.memory(try reader.object("ram"), into: &sources)
        let throughput = try reader.object("throughput")
        try throughput.refuseUnknown(["int8", "float32"])
        self.throughput = Throughput(
            int8: try throughput.positive("int8", into: &sources),
            float32: try throughput.positive("float32", into: &sources))
        let power = try reader.object("power")
        try power.refuseUnknown(["active", "idle"])
        activeCore = try power.positive("active", into: &sources)
        idle = try power.quantity("idle", into: &sources)
        radios = []
        for element in try reader.elements("radios") {
            let radio = try Self.radio(element, reader)
            guard !radios.contains(where: { $0.name == radio.name }) else {
                throw reader.fault("radios", "has \(radio.name) twice")
            }
            radios.append(radio)
        }
    }

    private static func memory(
        _ reader: ProfileReader, into sources: inout [String: String]
    ) throws(EnergyError) -> Memory {
        try reader.refuseUnknown(["bytes", "reserved"])
        let bytes = try reader.bytes("bytes", into: &sources)
        let reserved = reader.has("reserved") ? try reader.bytes("reserved", into: &sources) : 0
        guard reserved <= bytes else { throw reader.fault("reserved", "must not exceed bytes") }
        return Memory(bytes: bytes, reserved: reserved)
    }

    private static func radio(_ element: JSONValue, _ reader: ProfileReader) throws(EnergyError) -> RadioProfile {
        guard case .string(let name) = element else { return try RadioProfile(json: element) }
        guard let radio = RadioProfile.matching(name) else {
            let known = RadioProfile.builtIn.map(\.name).joined(separator: ", ")
            throw reader.fault(
                "radios", "names \"\(name)\", which is none of \(known); name one of them or describe it as an object")
        }
        return radio
    }

    /// The document that ``init(json:)`` reads; built-in radios stand in it by name.
    public var json: JSONValue {
        func quantity(_ key: String, _ bounds: EnergyBounds) -> JSONValue { bounds.json(source: sources[key] ?? "") }
        func memory(_ key: String, _ memory: Memory) -> JSONValue {
            var object: JSONObject = [:]
            for (name, bytes) in [("bytes", memory.bytes), ("reserved", memory.reserved)] {
                guard let source = sources["\(key).\(name)"] else { continue }
                object[name] = .object(["value": .integer(Int64(bytes)), "source": .string(source)])
            }
            return .object(object)
        }
        return .object([
            "format": .integer(Int64(Self.currentFormat)), "name": .string(name), "about": .string(about),
            "cores": .integer(Int64(cores)), "runsFromStorage": .bool(runsFromStorage),
            "storage": memory("storage", storage), "ram": memory("ram", ram),
            "throughput": .object([
                "int8": quantity("throughput.int8", throughput.int8),
                "float32": quantity("throughput.float32", throughput.float32),
            ]),
            "power": .object([
                "active": quantity("power.active", activeCore), "idle": quantity("power.idle", idle),
            ]),
            "radios": .array(
                radios.map { RadioProfile.builtIn.contains($0) ? .string($0.name) : $0.json }),
        ])
    }

    /// Joules that `seconds` of processor time cost, above idling.
    public func compute(seconds: Double) -> EnergyFigure {
        EnergyFigure(max(0, seconds), times: activeCore, meter: "cpu-time", profile: name)
    }

    /// Seconds that so many multiply-accumulates take on one core.
    ///
    /// - Returns: `low` and `high` by the highest and the lowest throughput.
    public func seconds(multiplyAccumulates: Int, int8: Bool) -> EnergyBounds {
        let rate = int8 ? throughput.int8 : throughput.float32
        let count = Double(multiplyAccumulates)
        return EnergyBounds(count / rate.value, low: count / rate.high, high: count / rate.low)
    }

    /// Joules above idling for a time that is itself known within bounds.
    public func compute(seconds: EnergyBounds) -> EnergyFigure {
        EnergyFigure(
            value: seconds.value * activeCore.value, low: seconds.low * activeCore.low,
            high: seconds.high * activeCore.high, method: .modelled, meter: nil, profile: name)
    }
}
