import BusAPI

/// What a broker tells of itself below `$SYS/broker/`, as mosquitto and others do.
struct BrokerFacts {
    private let values: [String: String]

    static let filters = ["version", "clients/connected", "publish/messages/dropped"].map {
        BusFilter("$SYS/broker/\($0)")
    }

    init(_ messages: [BusMessage]) {
        values = messages.reduce(into: [:]) { values, message in
            guard message.topic.hasPrefix("$SYS/broker/") else { return }
            values[String(message.topic.dropFirst(12))] = String(decoding: message.payload.prefix(200), as: UTF8.self)
        }
    }

    var clients: Int? { values["clients/connected"].flatMap { Int($0) } }

    /// - Parameter fileLimit: files that the broker's process may open, where it is known.
    func findings(fileLimit: Int?) -> [DoctorFinding] {
        guard let version = values["version"] else {
            return [
                .ok(
                    "broker.self",
                    "the broker tells nothing of itself on $SYS/broker/ (or this account may not read it)")
            ]
        }
        var words = [TextTable.printable(version)]
        if let clients { words.append("\(clients) clients") }
        var findings = [DoctorFinding.ok("broker.self", words.joined(separator: ", "))]
        if let dropped = values["publish/messages/dropped"].flatMap({ Int($0) }), dropped > 0 {
            findings.append(
                .warning(
                    "broker.queue", "the broker has dropped \(dropped) messages since its start",
                    do: "raise max_queued_messages and max_queued_bytes, and see which client is slow or away"))
        }
        if let fileLimit {
            let clients = clients ?? 0
            let words = "the broker's process may open \(fileLimit) files and has \(clients) clients"
            findings.append(
                fileLimit < 1024 || clients * 5 > fileLimit * 4
                    ? .warning(
                        "broker.files", words,
                        do: "raise its limit: LimitNOFILE= in its systemd unit, or --ulimit nofile= of its container")
                    : .ok("broker.files", words))
        }
        return findings
    }
}
