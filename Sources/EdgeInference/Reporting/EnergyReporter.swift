import BusAPI
import Energy
import JSON
import Logging
import ServiceLifecycle
import ServiceRuntime
import Telemetry

/// Says every few seconds what the edge has spent, by cause, and goes on after a restart.
actor EnergyReporter: Service {
    private static let name = "energy.json"

    private let settings: EdgeSettings
    private let context: ServiceContext
    private let loop: InferenceLoop
    private let outbox: Outbox
    private let traffic: Traffic
    private let directory: StateDirectory
    private let clock: @Sendable () -> Double
    private var meters: [any EnergyMeter]
    private var ledger: EnergyLedger
    private var earlierInferences = 0
    private var earlierMultiplyAccumulates = 0
    private let started: Double

    /// - Parameters:
    ///   - meters: the later ones' causes replace those of the earlier.
    ///   - clock: seconds that run steadily.
    init(
        settings: EdgeSettings, context: ServiceContext, loop: InferenceLoop, outbox: Outbox, traffic: Traffic,
        directory: StateDirectory, meters: [any EnergyMeter], clock: @escaping @Sendable () -> Double
    ) throws(EdgeError) {
        self.settings = settings
        self.context = context
        self.loop = loop
        self.outbox = outbox
        self.traffic = traffic
        self.directory = directory
        self.meters = meters
        self.clock = clock
        started = clock()
        ledger = EnergyLedger(boot: context.boot, since: context.now())
        guard let bytes = try directory.read(Self.name, limit: 1 << 20) else { return }
        do throws(JSONError) {
            let earlier = try EnergyMessage(payload: bytes)
            guard earlier.boot == context.boot else { return }
            ledger = EnergyLedger(
                boot: context.boot, since: earlier.since, earlier: earlier.joules.mapValues(EnergyFigure.init))
            earlierInferences = earlier.inferences
            earlierMultiplyAccumulates = earlier.multiplyAccumulates
        } catch {
            context.logger.warning(
                "The stored energy figures are damaged; counting anew", metadata: [EdgeLogKeys.error: "\(error)"])
        }
    }

    func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                do { try await Task.sleep(for: .seconds(self.settings.energyInterval)) } catch { break }
                await self.report()
            }
        }
        await report()
    }

    /// Reads the meters, stores the figures and publishes them.
    func report() async {
        let now = clock()
        for index in meters.indices {
            do throws(EnergyError) {
                ledger.set(try meters[index].read(now: now))
            } catch {
                context.board.count("meterErrors")
            }
        }
        ledger.set([
            "idle": EnergyFigure(max(0, now - started), times: settings.profile.idle, profile: settings.profile.name)
        ])
        let radio = settings.radio
        for (cause, amount) in traffic.totals {
            ledger.set([
                "radio.\(cause.rawValue)": radio.sent(bytes: amount.sentBytes, messages: amount.sentMessages)
                    + radio.received(bytes: amount.receivedBytes, messages: amount.receivedMessages)
            ])
        }
        let counts = await loop.counts
        let message = EnergyMessage(
            t: context.now(), since: ledger.since, boot: ledger.boot,
            inferences: earlierInferences + counts.inferences,
            multiplyAccumulates: earlierMultiplyAccumulates + counts.multiplyAccumulates,
            joules: ledger.totals.mapValues(EnergyMessage.Joules.init))
        let payload = message.payload
        do throws(EdgeError) { try directory.replace(Self.name, with: payload) } catch {
            context.board.count("storageErrors")
            context.logger.error("Energy figures cannot be stored", metadata: [EdgeLogKeys.error: "\(error)"])
        }
        outbox.latest.put(
            BusMessage(
                topic: context.topics.string(.energy(EdgeID(site: settings.site, edge: context.instance))),
                payload: payload, contentType: "application/json"))
    }

    /// The meters this machine has, and why it has not the others.
    ///
    /// Processor time always serves; a package counter replaces its share of computing. The host's total is the last's
    /// that has one: the package's, the battery's, the board's sensor, the power that somebody publishes.
    static func available(
        profile: DeviceProfile, topic: PowerTopicMeter?, context: ServiceContext, cores: Int, now: Double
    ) -> [any EnergyMeter] {
        var meters: [any EnergyMeter] = [CPUTimeMeter(profile: profile)]
        var unavailable = JSONObject()
        do throws(EnergyError) { meters.append(try RAPLMeter(cores: cores, now: now)) } catch {
            unavailable["rapl"] = .string(error.message)
        }
        do throws(EnergyError) { meters.append(try BatteryMeter(now: now)) } catch {
            unavailable["battery"] = .string(error.message)
        }
        do throws(EnergyError) { meters.append(try HwmonMeter(now: now)) } catch {
            unavailable["hwmon"] = .string(error.message)
        }
        if let topic {
            meters.append(topic)
        } else {
            unavailable["topic"] = .string("edge.energy.power.topic is not set")
        }
        context.board.set("meters", .array(meters.map { .string($0.name) }))
        context.board.set("metersUnavailable", .object(unavailable))
        return meters
    }
}

extension EnergyMessage.Joules {
    init(_ figure: EnergyFigure) {
        self.init(
            value: figure.value, low: figure.low, high: figure.high,
            method: EnergyMessage.Method(rawValue: figure.method.rawValue) ?? .modelled, meter: figure.meter,
            profile: figure.profile, scope: figure.scope)
    }
}

extension EnergyFigure {
    init(_ joules: EnergyMessage.Joules) {
        self.init(
            value: joules.value, low: joules.low, high: joules.high,
            method: EnergyMethod(rawValue: joules.method.rawValue) ?? .modelled, meter: joules.meter,
            profile: joules.profile, scope: joules.scope)
    }
}
