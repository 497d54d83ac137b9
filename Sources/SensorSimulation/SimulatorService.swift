import BusAPI
import JSON
import Logging
import ServiceLifecycle
import ServiceRuntime
import Telemetry

/// Plays the fleet onto the bus until it is told to stop.
struct SimulatorService: Service {
    /// Labels that wait for a broker at most; the oldest are dropped first.
    static let labelLimit = 20_000

    let settings: SimulationSettings
    let context: ServiceContext

    func run() async throws {
        await waitForEdges()
        guard !Task.isShuttingDownGracefully, !Task.isCancelled else { return }
        var reservation = try TimeReservation(stateDirectory: context.stateDirectory, speed: settings.speed)
        let start = reservation.start(now: context.now())
        var players = try settings.players(start: start)
        let epoch = ContinuousClock.now
        func now() -> Double { (ContinuousClock.now - epoch) / .seconds(1) }
        var clock = PlaybackClock(start: start, speed: settings.speed, now: now())
        var labels: [(Topic, LabelMessage)] = []
        var messages: [SimulatedMessage] = []
        context.logger.info(
            "Playing",
            metadata: [
                SimulationLogKeys.devices: "\(players.count)", SimulationLogKeys.data: "\(settings.dataName)",
                SimulationLogKeys.speed: "\(settings.speed)",
            ])
        show(passes: 0, devices: players.count)
        // Half a message's time, so that messages leave evenly.
        let pause = Duration.seconds(min(0.1, max(0.005, settings.batchSeconds / settings.speed / 2)))
        while !Task.isShuttingDownGracefully, !Task.isCancelled {
            let time = clock.advance(to: now())
            try reservation.cover(time)
            for index in players.indices { try players[index].play(to: time, into: &messages) }
            await send(&messages, &labels)
            let passes = players.map(\.passes).min() ?? 0
            if passes > 0, context.board.details["passSeconds"] == nil {
                context.board.set("passSeconds", JSONValue((time - start).rounded(.up), places: 0))
            }
            show(passes: passes, devices: players.count)
            context.board.setCount("standstillMilliseconds", to: Int(clock.leftOut * 1000))
            await cancelWhenGracefulShutdown { do { try await Task.sleep(for: pause) } catch {} }
        }
        for index in players.indices { players[index].finish(into: &messages) }
        await send(&messages, &labels)
        try reservation.release(after: clock.deviceTime)
    }

    /// Waits until an edge of every site has said on `installed` that it knows a task, so that nothing plays to nobody.
    private func waitForEdges() async {
        guard settings.patience > 0 else { return }
        let sites = Set(settings.sites)
        let missing = await cancelWhenGracefulShutdown {
            await withTaskGroup(of: Set<String>.self) { group in
                group.addTask {
                    do {
                        return try await self.sitesMissing(of: sites)
                    } catch {
                        context.logger.warning(
                            "Cannot look for edges", metadata: [SimulationLogKeys.error: "\(error)"])
                        return sites
                    }
                }
                group.addTask {
                    do { try await Task.sleep(for: .seconds(settings.patience)) } catch {}
                    return sites
                }
                let first = await group.next() ?? sites
                group.cancelAll()
                return first
            }
        }
        if !missing.isEmpty, !Task.isShuttingDownGracefully {
            context.logger.warning(
                "Playing without an edge at every site",
                metadata: [SimulationLogKeys.missing: "\(missing.sorted().joined(separator: ","))"])
        }
    }

    /// Returns when no site is missing.
    private func sitesMissing(of sites: Set<String>) async throws(BusError) -> Set<String> {
        var missing = sites
        let pattern = context.topics.filter("model", "+", "installed", "+", "+")
        let subscription = try await context.bus.subscribe(
            to: [BusFilter(pattern)], limit: 1000, overflow: .dropOldest)
        defer { subscription.cancel() }
        for await batch in subscription {
            for message in batch where !message.payload.isEmpty {
                if case .installed(_, let edge)? = context.topics.parse(message.topic) { missing.remove(edge.site) }
            }
            if missing.isEmpty { break }
        }
        return missing
    }

    /// Sends what is there. Telemetry that no broker takes is lost, as a sensor's is; labels wait.
    private func send(_ messages: inout [SimulatedMessage], _ labels: inout [(Topic, LabelMessage)]) async {
        for message in messages {
            switch message {
            case .telemetry(let id, let telemetry):
                do {
                    try await context.publish(telemetry, on: .telemetry(id), qos: .atMostOnce)
                    context.board.count("samples", by: telemetry.rows)
                } catch {
                    context.board.count("dropped")
                }
            case .label(let id, let label, let forScoring):
                labels.append((forScoring ? .truth(id) : .label(id), label))
            }
        }
        messages.removeAll(keepingCapacity: true)
        if labels.count > Self.labelLimit {
            context.board.count("dropped", by: labels.count - Self.labelLimit)
            labels.removeFirst(labels.count - Self.labelLimit)
        }
        var sent = 0
        for (topic, label) in labels {
            do {
                try await context.publish(label, on: topic)
                sent += 1
            } catch {
                break
            }
        }
        context.board.count("labels", by: sent)
        labels.removeFirst(sent)
    }

    private func show(passes: Int, devices: Int) {
        let before = context.board.details["passes"]?.integer
        context.board.set("devices", .integer(Int64(devices)))
        context.board.set("passes", .integer(Int64(passes)))
        context.board.set("speed", JSONValue(exactly: settings.speed))
        context.board.set("data", .string(settings.dataName))
        guard let before, before != Int64(passes) else { return }
        context.logger.info("Every device has played all it has", metadata: [SimulationLogKeys.passes: "\(passes)"])
        // Training may start now, and somebody waits for it.
        context.board.publishSoon()
    }
}
