import BusAPI
import JSON
import Telemetry

/// Tries what Retort needs of a broker, on topics of its own below `{root}/doctor/`.
struct BusProbe {
    let bus: any MessageBus
    let topics: TopicSpace
    /// Unique to this check-up.
    let token: String
    /// Whether the broker is on this machine.
    let isLocal: Bool
    let limit: Duration

    /// Bytes that a broker has to let pass: `chunk/` carries 16 KiB by default, and a topic and properties beside it.
    static let needed = 32 << 10
    private static let rounds = 20

    private func topic(_ trial: String) -> String { topics.string(.doctor(token: token, trial: trial)) }

    func run() async throws -> [DoctorFinding] {
        let subscription: BusSubscription
        do {
            let filters = [BusFilter(topics.filter("doctor", token, "+"))]
            guard
                let granted = try await within(
                    limit,
                    { [bus] in
                        try await bus.subscribe(to: filters, limit: 1000, overflow: .dropOldest)
                    })
            else {
                return [
                    .error(
                        "access.read", "the broker does not grant a subscription within \(limit)",
                        do: "look at the broker's load and log")
                ]
            }
            subscription = granted
        } catch let error as BusError where error.code == .refused {
            return [
                .error(
                    "access.read", "this account may not read below \(topics.root): \(error)",
                    do:
                        "use an account with `topic read \(topics.root)/#` in the broker's access list (docker/acl.conf: cloud)"
                )
            ]
        }
        defer { subscription.cancel() }
        if let finding = try await echo(subscription) { return [finding] }
        var findings = [
            DoctorFinding.ok("access", "this account may say and hear what it likes below \(topics.root)")
        ]
        findings += try await latency(subscription)
        findings.append(try await retained())
        // Last, because a broker may end the connection over it.
        findings.append(try await size(subscription))
        return findings
    }

    // MARK: Access

    /// What is wrong where a message does not come back.
    private func echo(_ subscription: BusSubscription) async throws -> DoctorFinding? {
        let advice =
            "use an account with `topic readwrite \(topics.root)/#` in the broker's access list (docker/acl.conf: "
            + "cloud); size, retained messages and latency are not checked"
        do {
            if try await send(topic("echo"), bytes: 0, subscription) { return nil }
        } catch let error as BusError where error.code == .refused {
            return .warning(
                "access.write", "this account may not say anything below \(topics.root)/doctor: \(error)", do: advice)
        }
        return .warning(
            "access", "what this account says below \(topics.root)/doctor does not come back to it", do: advice)
    }

    /// Publishes a message of so many bytes more, and waits until it is heard.
    ///
    /// - Returns: whether it came back whole in time.
    private func send(_ topic: String, bytes: Int, _ subscription: BusSubscription) async throws -> Bool {
        let stamp = JSONValue.object([
            "doctor": .string(token), "fill": .string(String(repeating: "x", count: bytes)),
        ]).bytes
        return try await within(limit) { [bus] in
            try await bus.publish(BusMessage(topic: topic, payload: stamp, contentType: "application/json"))
            while let batch = await subscription.next() {
                if batch.contains(where: { $0.topic == topic && $0.payload == stamp }) { return true }
            }
            return false
        } ?? false
    }

    // MARK: Latency

    private func latency(_ subscription: BusSubscription) async throws -> [DoctorFinding] {
        let clock = ContinuousClock()
        var times: [Double] = []
        for round in 0..<Self.rounds {
            let start = clock.now
            guard try await send(topic("latency-\(round)"), bytes: 1000, subscription) else { break }
            times.append((clock.now - start) / .milliseconds(1))
        }
        times.sort()
        guard times.count == Self.rounds else {
            return [
                .error(
                    "broker.latency", "a message of 1 KB was lost, or took more than \(limit)",
                    do: "look at the broker's load, queue limits and log")
            ]
        }
        let (median, worst) = (times[times.count / 2], times[times.count - 1])
        let figures = "\(Quantity.number(median)) ms median, \(Quantity.number(worst)) ms at worst, there and back"
        if isLocal, median > 10 {
            return [
                .warning(
                    "broker.latency", "\(figures), on one machine",
                    do: "`set_tcp_nodelay true` in mosquitto.conf: without it a message may wait 40 ms")
            ]
        }
        guard median > 500 else { return [.ok("broker.latency", figures)] }
        return [
            .warning(
                "broker.latency", figures,
                do: "verdicts come late and updates slowly over such a way: put a broker near, or lengthen time limits")
        ]
    }

    // MARK: Retained messages and size

    private func retained() async throws -> DoctorFinding {
        let topic = topic("retained")
        let advice =
            "allow retained messages (mosquitto: retain_available true): tasks, releases and trust are retained"
        func forget() async throws {
            try await bus.publish(BusMessage(topic: topic, payload: [], retained: true))
        }
        do {
            let payload = JSONValue.object(["doctor": .string(token)]).bytes
            try await bus.publish(
                BusMessage(topic: topic, payload: payload, retained: true, contentType: "application/json"))
            let found = try await within(min(limit, .seconds(3))) { [bus] in
                let newcomer = try await bus.subscribe(to: [BusFilter(topic)], limit: 10, overflow: .dropOldest)
                defer { newcomer.cancel() }
                while let batch = await newcomer.next() { if batch.contains(where: \.retained) { return true } }
                return false
            }
            try await forget()
            guard found == true else {
                return .error("broker.retained", "a newcomer does not hear what was retained before", do: advice)
            }
            return .ok("broker.retained", "retained messages are kept for newcomers")
        } catch let error as BusError {
            return .error("broker.retained", "a retained message is not taken: \(error)", do: advice)
        }
    }

    private func size(_ subscription: BusSubscription) async throws -> DoctorFinding {
        let advice =
            "allow packets of \(Self.needed >> 10) KiB and more (mosquitto: max_packet_size, message_size_limit), or "
            + "make registry.chunkSize smaller"
        var reason = "they do not come back"
        do {
            if try await send(topic("size"), bytes: Self.needed, subscription) {
                return .ok("broker.size", "messages of \(Self.needed >> 10) KiB pass")
            }
        } catch let error as BusError {
            reason = error.message
        }
        return .error("broker.size", "messages of \(Self.needed >> 10) KiB do not pass: \(reason)", do: advice)
    }
}
