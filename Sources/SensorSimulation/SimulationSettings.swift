public import Recordings
public import ServiceRuntime
import Telemetry

/// The simulator's configuration, checked.
public struct SimulationSettings: Sendable {
    /// Devices of a scene: so many whose labels are for everyone, so many for scoring alone.
    public struct Fleet: Sendable, Equatable {
        public var scene: Scene
        public var devices: Int
        public var evaluation: Int
    }

    /// Recordings to play; nothing plays the scenes.
    public var recordings: RecordingFolder?
    public var fleets: [Fleet]
    public var sites: [String]
    /// Seconds of device time in a second.
    public var speed: Double
    public var seed: Int
    public var faults: FaultRates
    /// Share that devices change by in an hour.
    public var drift: Double
    /// What one message carries.
    public var batchSeconds: Double
    /// Seconds to wait for an edge of each site before the first sample.
    public var patience: Double

    public static let keys: [ConfigurationKey] = [
        ConfigurationKey(
            "simulator.data", .string, default: nil,
            help: "Folder of recordings (*.csv, *.csv.zst with the header t,channel,...,label); the scenes if absent."),
        ConfigurationKey(
            "simulator.speed", .number, default: nil,
            help: "Seconds of device time in a second, up to 1000; 1 for recordings and 10 for scenes if absent."),
        ConfigurationKey("simulator.sites", .list, default: "north,south", help: "Sites that devices are dealt to."),
        ConfigurationKey(
            "simulator.scenes", .list, default: "bearing,wrist", help: "Scenes to generate: bearing, wrist."),
        ConfigurationKey(
            "simulator.devices", .list, default: "bearing=6+2,wrist=8+4",
            help: "Devices of each scene: labelled ones, then ones whose labels are for scoring alone."),
        ConfigurationKey("simulator.seed", .integer, default: "1", help: "Seed of everything that is generated."),
        ConfigurationKey(
            "simulator.faults", .list, default: nil,
            help: "Faults, with their number a minute of device time: gaps, stuck, spikes, disorder, duplicates, "
                + "missing, such as gaps,spikes=2; none. Gaps for scenes and none for recordings if absent."),
        ConfigurationKey(
            "simulator.drift", .number, default: "0",
            help: "Share that devices change by in an hour of device time, such as 0.1."),
        ConfigurationKey(
            "simulator.only", .list, default: "", help: "Recordings to play, by device name; all if empty."),
        ConfigurationKey(
            "simulator.people", .integer, default: nil,
            help: "Labelled recordings to play at most, and half as many for scoring; all if absent."),
        ConfigurationKey(
            "simulator.batchSeconds", .number, default: "1", help: "Seconds of samples that one message carries."),
        ConfigurationKey(
            "simulator.patience", .number, default: "30",
            help: "Seconds to wait for an edge of each site before the first sample is sent."),
    ]

    /// - Throws: ``ConfigurationError`` that names the key at fault; `RecordingError` for the folder.
    public init(_ configuration: ServiceConfiguration) throws {
        sites = try configuration.list("simulator.sites")
        guard !sites.isEmpty, sites.allSatisfy({ Slug.isValid($0) }), Set(sites).count == sites.count else {
            throw ConfigurationError(
                key: "simulator.sites", "simulator.sites: different names of [a-z0-9._-]+ are needed")
        }
        seed = try configuration.integer("simulator.seed")
        drift = try Self.number("simulator.drift", in: 0...10, configuration)
        batchSeconds = try Self.number("simulator.batchSeconds", in: 0.001...600, configuration)
        patience = try Self.number("simulator.patience", in: 0...3600, configuration)
        fleets = try Self.fleets(configuration)
        let people =
            configuration.optionalString("simulator.people") == nil
            ? nil : try configuration.integer("simulator.people")
        if let people, people < 1 {
            throw ConfigurationError(key: "simulator.people", "simulator.people: must be at least 1")
        }
        let only = try configuration.list("simulator.only")
        recordings = try configuration.optionalString("simulator.data").map {
            try RecordingFolder(path: $0).selecting(people: people, names: only)
        }
        speed =
            configuration.optionalString("simulator.speed") == nil
            ? (recordings == nil ? 10 : 1) : try Self.number("simulator.speed", in: 0.001...1000, configuration)
        let isSet = configuration.optionalString("simulator.faults") != nil
        let words = isSet ? try configuration.list("simulator.faults") : (recordings == nil ? ["gaps"] : [])
        guard let faults = FaultRates(words: words) else {
            throw ConfigurationError(
                key: "simulator.faults",
                "simulator.faults: write none, or some of "
                    + FaultRates.Kind.allCases.map(\.rawValue).joined(separator: ", ")
                    + ", each alone or as name=number a minute up to 60")
        }
        self.faults = faults
    }

    private static func number(
        _ key: String, in range: ClosedRange<Double>, _ configuration: ServiceConfiguration
    ) throws(ConfigurationError) -> Double {
        let value = try configuration.number(key)
        guard range.contains(value) else {
            throw ConfigurationError(
                key: key, "\(key): \(value) is not between \(range.lowerBound) and \(range.upperBound)")
        }
        return value
    }

    private static func fleets(_ configuration: ServiceConfiguration) throws(ConfigurationError) -> [Fleet] {
        var counts: [Scene: (Int, Int)] = [:]
        for entry in try configuration.list("simulator.devices") {
            let parts = entry.split(separator: "=").map(String.init)
            let numbers = parts.last.map { $0.split(separator: "+").map { Int($0) } } ?? []
            guard parts.count == 2, let scene = Scene(rawValue: parts[0]), (1...2).contains(numbers.count),
                let devices = numbers[0], let evaluation = numbers.count == 2 ? numbers[1] : 0,
                (0...10_000).contains(devices), (0...10_000).contains(evaluation), devices + evaluation > 0
            else {
                throw ConfigurationError(
                    key: "simulator.devices", "simulator.devices: \"\(entry)\" is not like wrist=8+4")
            }
            counts[scene] = (devices, evaluation)
        }
        var fleets: [Fleet] = []
        for word in try configuration.list("simulator.scenes") {
            guard let scene = Scene(rawValue: word) else {
                throw ConfigurationError(
                    key: "simulator.scenes",
                    "simulator.scenes: \"\(word)\" is none of "
                        + Scene.allCases.map(\.rawValue).joined(separator: ", "))
            }
            guard let (devices, evaluation) = counts[scene] else {
                throw ConfigurationError(
                    key: "simulator.devices", "simulator.devices: says nothing of \(word), which simulator.scenes has")
            }
            fleets.append(Fleet(scene: scene, devices: devices, evaluation: evaluation))
        }
        return fleets
    }

    /// What is played, for `status/`.
    var dataName: String { recordings?.name ?? fleets.map(\.scene.rawValue).joined(separator: "+") }

    /// The devices, dealt to the sites in turn: those for scoring by themselves, so that each site has both.
    var devices: [SimulatedDevice] {
        var devices: [SimulatedDevice] = []
        func deal(_ names: [(name: String, origin: SimulatedDevice.Origin)], isEvaluation: Bool) {
            for (index, entry) in names.enumerated() {
                let id = DeviceID(site: sites[index % sites.count], device: entry.name)
                devices.append(SimulatedDevice(id: id, origin: entry.origin, isEvaluation: isEvaluation))
            }
        }
        if let recordings {
            for isEvaluation in [false, true] {
                let entries = recordings.entries.filter { $0.isEvaluation == isEvaluation }
                deal(entries.map { ($0.name, .recording(path: $0.path)) }, isEvaluation: isEvaluation)
            }
            return devices
        }
        for fleet in fleets {
            let name = fleet.scene.deviceName
            deal((0..<fleet.devices).map { ("\(name)-\($0 + 1)", .scene(fleet.scene)) }, isEvaluation: false)
            deal((0..<fleet.evaluation).map { ("\(name)-test-\($0 + 1)", .scene(fleet.scene)) }, isEvaluation: true)
        }
        return devices
    }

    /// A player for each device.
    ///
    /// - Throws: `RecordingError` for the first recording that cannot be played.
    func players(start: Double) throws -> [DevicePlayer] {
        try devices.map { device in
            let name = device.id.device
            let source: any SampleSource
            switch device.origin {
            case .recording(let path): source = try RecordedSource(path: path, name: name, seed: seed, drift: drift)
            case .scene(let scene): source = GeneratedSource(scene: scene, name: name, seed: seed, drift: drift)
            }
            return try DevicePlayer(
                device: device, source: source, start: start, batchSeconds: batchSeconds,
                faults: faults.perMinute.isEmpty ? nil : FaultInjector(rates: faults, device: name, seed: seed))
        }
    }
}
