public import JSON
public import Telemetry

/// All that the bus says of one device.
public struct DeviceReport: Sendable {
    /// One model on the device.
    struct Model: Sendable {
        var name: String
        var figures: FleetDevice.Model
        /// The same as on the topic.
        var json: JSONObject
        /// Of the version that decided last, over the fleet.
        var version: AccuracyMessage?
        /// How far the edge is with the version that is desired.
        var update: InstalledMessage?
    }

    public let id: DeviceID
    let device: FleetDevice?
    let facts: DeviceMessage?
    let edge: EdgeID?
    let isEdgeOnline: Bool?
    /// Of the edge, over all its devices.
    let edgeFigures: FleetEdge?
    let models: [Model]
    /// Models that the edge runs and that have not decided on the device.
    let silent: [String: InstalledMessage]
    /// Unix seconds of the look.
    let now: Double

    /// - Parameter now: Unix seconds.
    public init(_ id: DeviceID, in fleet: FleetView, now: Double) {
        self.id = id
        self.now = now
        device = fleet.devices[id]
        facts = fleet.facts[id]
        edge = fleet.edge(of: id)
        isEdgeOnline = edge.flatMap(fleet.isOnline)
        edgeFigures = edge.flatMap { fleet.edgeFigures[$0] }
        let document = device?.json.object?["models"]?.object
        let edge = edge
        let own = fleet.installed.filter { $0.key.edge == edge }
        let updates = Dictionary(uniqueKeysWithValues: own.map { ($0.key.model, $0.value) })
        models = (device?.models ?? [:]).sorted { $0.key < $1.key }.map { name, figures in
            Model(
                name: name, figures: figures, json: document?[name]?.object ?? [:],
                version: fleet.accuracy[FleetView.ModelVersion(model: name, version: figures.version)],
                update: updates[name])
        }
        let deciding = Set(models.map(\.name))
        silent = updates.filter { !deciding.contains($0.key) }
    }

    // MARK: For programs

    /// Keys stay; absent where nothing is known.
    public var json: JSONValue {
        var object: JSONObject = [
            "t": JSONValue(now, places: 3), "site": .string(id.site), "device": .string(id.device),
        ]
        object["state"] = .string((device?.state ?? .unknown).rawValue)
        object["name"] = (facts?.name).map(JSONValue.string)
        object["source"] = (facts?.source).flatMap { $0 }.map(JSONValue.string)
        if let edge {
            var member: JSONObject = ["edge": .string(edge.edge)]
            member["state"] = .string(isEdgeOnline.map { $0 ? "online" : "offline" } ?? "unknown")
            member["devices"] = (edgeFigures?.devices).map { .integer(Int64($0)) }
            member["figures"] = edgeFigures?.json.object?["figures"]
            object["edge"] = .object(member)
        }
        if let facts, let known = facts.json.object {
            for key in ["battery", "supplyVolts", "clockSkew", "labelling"] { object[key] = known[key] }
        }
        object["models"] = .object(models.reduce(into: JSONObject()) { $0[$1.name] = $1.document })
        return .object(object)
    }

    // MARK: For people

    var lines: [StyledLine] {
        var lines = [StyledLine("\(id)", .bold) + state]
        if let name = facts?.name, name != id.device { lines.append(row("name", name)) }
        if let source = facts?.source { lines.append(row("source", source)) }
        lines.append(edgeLine)
        if let battery = facts?.battery { lines.append(Self.battery(battery)) }
        if let volts = facts?.supplyVolts { lines.append(row("supply", "\(Quantity.number(volts)) V")) }
        if let skew = facts?.clockSkew {
            let words = "\(Quantity.number(abs(skew))) s \(skew < 0 ? "behind" : "ahead of") the edge's"
            lines.append(Self.title("clock") + StyledLine(words, abs(skew) > 60 ? .warning : .plain))
        }
        for model in models { lines += model.lines(now: now) }
        for (name, update) in silent.sorted(by: { $0.key < $1.key }) {
            lines.append(
                StyledLine(name, .bold) + StyledLine("  has decided nothing here; the edge: ") + Self.update(update))
        }
        if models.isEmpty && silent.isEmpty { lines.append(StyledLine("no model has decided anything here")) }
        return lines
    }

    /// The report for people, coloured where standard output wants it.
    public func text(_ terminal: Terminal) -> String {
        lines.map { $0.rendered(colour: terminal.usesColour) }.joined(separator: "\n")
    }

    private var state: StyledLine {
        let state = device?.state ?? .unknown
        return StyledLine("  ") + StyledLine(state.rawValue, state == .online ? .good : .warning)
    }

    private var edgeLine: StyledLine {
        guard let edge else {
            return Self.title("edge") + StyledLine("unknown: no edge says that it hears it", .warning)
        }
        var line = Self.title("edge") + StyledLine(edge.description)
        if isEdgeOnline == false { line.append("  offline", .bad) }
        if let edgeFigures {
            line.append("  decides on \(edgeFigures.devices) devices")
            if let compute = edgeFigures.figures.joules["compute"] {
                line.append(", \(Quantity.joules(compute)) of compute (\(compute.method.rawValue))")
            }
        }
        return line
    }

    private static func battery(_ battery: DeviceMessage.Battery) -> StyledLine {
        var line =
            title("battery")
            + StyledLine(
                "\(Quantity.number(battery.percent)) %", battery.percent < 15 ? .warning : .plain)
        if let pace = battery.percentPerDay { line.append(", \(Quantity.number(pace)) points a day") }
        if let days = battery.daysLeft { line.append(", empty in about \(Int(days.rounded())) days") }
        return line
    }

    static func update(_ update: InstalledMessage) -> StyledLine {
        var line = StyledLine(update.running.map { "runs version \($0)" } ?? "no student")
        if update.state != .running {
            line.append(", \(update.state.rawValue)", update.state == .refused ? .bad : .warning)
            if let desired = update.desired { line.append(" \(desired)") }
            if let have = update.chunksHave, let all = update.chunks { line.append(", \(have) of \(all) chunks") }
        } else if let method = update.method, let bytes = update.bytes {
            line.append(", came as \(method), \(Quantity.bytes(bytes))")
        }
        if update.isOnProbation { line.append(", on probation", .warning) }
        for refusal in update.refused.prefix(3) { line.append("; refused \(refusal.version): \(refusal.reason)", .bad) }
        return line
    }

    static func title(_ text: String) -> StyledLine { StyledLine("  \(text)").padded(14) }
    private func row(_ title: String, _ text: String) -> StyledLine { Self.title(title) + StyledLine(text) }
}

extension DeviceReport.Model {
    func lines(now: Double) -> [StyledLine] {
        var lines = [StyledLine(name, .bold) + StyledLine("  version \(figures.version)")]
        var decision = DeviceReport.title("decided") + StyledLine(FleetTables.decision(figures), .accent)
        if let confidence = figures.confidence { decision.append(" (\(Quantity.percent(confidence)))") }
        // Device time: of a replay it says nothing about how long ago that was.
        let age = now - figures.to
        if age >= 0, age < 86_400 { decision.append(", a window that ended \(Quantity.age(age)) ago") }
        lines.append(decision)
        lines.append(DeviceReport.title("accuracy") + StyledLine(accuracy))
        if let latency = figures.card.latency ?? version?.latency {
            lines.append(
                DeviceReport.title("latency")
                    + StyledLine(
                        "\(Quantity.latency(latency))\(figures.card.latency == nil ? Self.overAll : "")"))
        }
        if let joules = figures.card.joulesPerInference ?? version?.joulesPerInference {
            let scope = figures.card.joulesPerInference == nil ? Self.overAll : ""
            lines.append(
                DeviceReport.title("energy")
                    + StyledLine(
                        "\(Quantity.joulesWithBounds(joules)) an inference, \(joules.method.rawValue)\(scope)"))
        }
        if let update { lines.append(DeviceReport.title("update") + DeviceReport.update(update)) }
        return lines
    }

    /// Of figures that are known of the version alone.
    private static let overAll = ", over all devices of the version"

    private var accuracy: String {
        let card = figures.card
        let coverage = "\(card.scored) of \(card.windows) windows labelled"
        guard let score = card.accuracy.map(Quantity.share) ?? card.errors.map(Quantity.errors) else {
            return "unknown: \(coverage)"
        }
        return "\(score), \(coverage)" + (card.basis == .truth ? " for scoring alone" : "")
    }

    var document: JSONValue {
        var object = json
        // Under keys of their own: they are of all devices.
        if let version = version?.json.object {
            var figures = JSONObject()
            for key in ["latencyUs", "joulesPerInference", "joulesPerCorrect"] { figures[key] = version[key] }
            object["ofVersion"] = .object(figures)
        }
        object["update"] = update?.json
        return .object(object)
    }
}
