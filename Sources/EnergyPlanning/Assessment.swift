public import Energy
import ModelArtifact

/// Whether a student fits a device, and what it costs there.
///
/// - Latency: multiply-accumulates over the profile's throughput. Duty: latency times windows a second.
/// - Compute: active power times latency, above idling. Radio: power times air time, and joules a message.
/// - Node: idle power, and compute's and a radio's joules times windows a second.
public struct Assessment: Sendable, Equatable {
    /// How what is used stands to what there is.
    public enum Verdict: String, Sendable {
        case fits
        /// By its value, not by its high bound.
        case likely
        case exceeds
    }

    /// One limit of the profile or of the task.
    public struct Limit: Sendable, Equatable {
        public var name: String
        public var unit: String
        public var used: EnergyBounds
        public var available: Double

        public var verdict: Verdict {
            if used.value > available { .exceeds } else { used.high > available ? .likely : .fits }
        }
    }

    /// What one of the device's radios adds.
    public struct Radio: Sendable, Equatable {
        public var name: String
        /// Joules of the message that tells a decision.
        public var inference: EnergyFigure
        /// Share of time on air when every decision is sent.
        public var air: EnergyBounds
        /// Joules of receiving an update.
        public var update: EnergyFigure
        /// Seconds on air of an update.
        public var updateSeconds: EnergyBounds
        /// Watts of the whole node when every decision is sent.
        public var node: EnergyBounds
        /// Where a battery is given.
        public var batteryDays: EnergyBounds?
    }

    public var demand: StudentDemand
    public var profile: DeviceProfile
    public var limits: [Limit]
    /// Seconds a window on one core.
    public var latency: EnergyBounds
    /// Share of a core's time.
    public var duty: EnergyBounds
    /// Joules of computing a window, above idling.
    public var compute: EnergyFigure
    public var multiplyAccumulatesPerJoule: EnergyBounds
    public var inferencesPerJoule: EnergyBounds
    /// Watts of idling and computing, without a radio.
    public var node: EnergyBounds
    public var batteryDays: EnergyBounds?
    public var radios: [Radio]
    public var updateBytes: Int

    public var fits: Bool { limits.allSatisfy { $0.verdict != .exceeds } }

    /// - Parameters:
    ///   - slots: copies of the student on the device: the one that runs, and the one that comes.
    ///   - updateBytes: of a typical update; the whole file otherwise.
    ///   - batteryWattHours: usable.
    /// - Precondition: rate, update bytes and battery above 0.
    public init(
        _ demand: StudentDemand, on profile: DeviceProfile, slots: Int = 2, updateBytes: Int? = nil,
        batteryWattHours: Double? = nil
    ) {
        precondition(demand.rate > 0 && (updateBytes ?? 1) > 0 && (batteryWattHours ?? 1) > 0, "amounts are above 0")
        self.demand = demand
        self.profile = profile
        self.updateBytes = updateBytes ?? demand.fileBytes
        latency = profile.seconds(multiplyAccumulates: demand.multiplyAccumulates, int8: demand.isInt8)
        duty = latency.times(demand.rate)
        compute = profile.compute(seconds: latency)
        multiplyAccumulatesPerJoule = compute.bounds.dividing(Double(demand.multiplyAccumulates))
        inferencesPerJoule = compute.bounds.dividing(1)
        node = profile.idle.plus(compute.bounds.times(demand.rate))
        batteryDays = Self.days(batteryWattHours, node)
        limits = Self.limits(demand, profile, slots: slots, duty: duty)
        radios = []
        for radio in profile.radios {
            radios.append(self.radio(radio, batteryWattHours: batteryWattHours))
        }
    }

    private func radio(_ radio: RadioProfile, batteryWattHours: Double?) -> Radio {
        let inference = radio.sent(bytes: demand.messageBytes, messages: 1)
        let node = node.plus(inference.bounds.times(demand.rate))
        return Radio(
            name: radio.name, inference: inference,
            air: radio.secondsSending(bytes: demand.messageBytes).times(demand.rate),
            update: radio.received(bytes: updateBytes, messages: max(1, (updateBytes + 16_383) / 16_384)),
            updateSeconds: radio.secondsReceiving(bytes: updateBytes), node: node,
            batteryDays: Self.days(batteryWattHours, node))
    }

    private static func days(_ wattHours: Double?, _ power: EnergyBounds) -> EnergyBounds? {
        wattHours.map { power.dividing($0 / 24) }
    }

    private static func limits(
        _ demand: StudentDemand, _ profile: DeviceProfile, slots: Int, duty: EnergyBounds
    ) -> [Limit] {
        func exact(_ name: String, _ unit: String, _ used: Int, _ available: Int) -> Limit {
            Limit(name: name, unit: unit, used: EnergyBounds(exactly: Double(used)), available: Double(available))
        }
        // Where weights are not run in place, the runtime packs them beside the file it read.
        let weights = profile.runsFromStorage ? 0 : demand.weightBytes + demand.fileBytes
        return [
            exact("storage", "B", slots * demand.fileBytes, profile.storage.free),
            exact("ram", "B", demand.arenaBytes + weights, profile.ram.free),
            Limit(name: "duty", unit: "", used: duty, available: 1),
            exact("task bytes", "B", demand.fileBytes, demand.limits.bytes),
            exact("task parameters", "", demand.parameters, demand.limits.parameters),
        ]
    }
}
