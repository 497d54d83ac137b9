import Presentation
import Telemetry

/// What a person sees of a fleet: lines made of the view, without a terminal.
struct FleetPicture {
    let fleet: FleetView
    var trend = FleetTrend()
    /// What the caller is waiting for, or where the broker is.
    var note: String
    /// Seconds since the look began.
    var elapsed: Double
    /// Unix seconds.
    var now: Double
    /// Why there is no broker just now.
    var brokerAway: String?
    /// Wall time at which the look began.
    var started: Double { now - elapsed }

    /// Seconds without a word after which what is shown is called old.
    static let staleAfter = 10.0

    var lines: [StyledLine] {
        [title, population] + staleness + models + edges + jobs + lastReject
    }

    private var title: StyledLine {
        StyledLine("Retort  \(Self.clock(elapsed))  ", .bold) + StyledLine(note, .bold)
    }

    private var population: StyledLine {
        guard let summary = fleet.summary else { return StyledLine("no summary yet") }
        var line = StyledLine("devices ")
        line += Self.population(summary.devices)
        line.append("   edges ")
        line += Self.population(summary.edges)
        line.append("   windows \(Quantity.number(summary.windowsPerSecond))/s")
        if summary.windows > 0 { line.append("   asked of the teacher \(Quantity.percent(summary.decidedByCloud))") }
        if !summary.bytes.isEmpty {
            let moved = summary.bytes.sorted { $0.key < $1.key }.map { "\($0.key) \(Quantity.bytes($0.value))" }
            line.append("   moved " + moved.joined(separator: ", "))
        }
        return line
    }

    private static func population(_ count: FleetSummary.Population) -> StyledLine {
        StyledLine("\(count.online)/\(count.known)", count.online < count.known ? .warning : .plain)
    }

    /// That what is shown is old, and how old.
    var staleness: [StyledLine] {
        var lines: [StyledLine] = []
        if let brokerAway {
            lines.append(StyledLine("the broker is away (\(brokerAway)); this is what was known", .warning))
        }
        let age = now - (fleet.lastHeard ?? started)
        if brokerAway == nil, age > Self.staleAfter {
            lines.append(StyledLine("last heard \(Quantity.age(age)) ago", .warning))
        }
        if fleet.isAggregatorGone {
            let figures = fleet.summary.map { ": its figures are \(Quantity.age(now - $0.t)) old" } ?? ""
            lines.append(StyledLine("metrics-aggregator is offline\(figures)", .warning))
        }
        return lines
    }

    // MARK: Models

    private var models: [StyledLine] {
        (fleet.summary?.models ?? [:]).sorted { $0.key < $1.key }.flatMap { name, model in
            [StyledLine("  \(Self.pad(name, 12)) ") + Self.scores(model)] + sparklines(name)
        }
    }

    private func sparklines(_ model: String) -> [StyledLine] {
        let isShare = fleet.summary?.models[model]?.errors == nil
        if let history = fleet.histories[model], history.points.count > 1 {
            let cards = Self.minutes(of: history).map { $0?.card }
            return Self.sparklines(
                scores: cards.map { $0?.accuracy?.value ?? $0?.errors?.meanAbsolute },
                joules: cards.map { $0?.joulesPerInference?.value }, isShare: isShare,
                span: "by \(history.resolution), the last \(cards.count)")
        }
        let points = trend.points[model] ?? []
        guard points.count > 1, let first = points.first else { return [] }
        let since = "since \(Self.clock(max(0, first.t - started)))"
        return Self.sparklines(
            scores: points.map(\.score), joules: points.map(\.joules), isShare: isShare, span: since)
    }

    /// The intervals of a history in order, nothing where nothing was decided in one.
    private static func minutes(of history: FleetHistory) -> [FleetHistory.Point?] {
        guard let first = history.points.first, let last = history.points.last else { return [] }
        let step = Double(history.resolution.rawValue)
        let count = min(1500, Int(((last.t - first.t) / step).rounded()) + 1)
        var points = [FleetHistory.Point?](repeating: nil, count: max(1, count))
        for point in history.points {
            let place = Int(((point.t - first.t) / step).rounded())
            if points.indices.contains(place) { points[place] = point }
        }
        return points
    }

    /// Columns of a sparkline: an hour's minutes.
    private static let columns = 60

    /// A line for the scores and one for the joules, each with the range that it shows.
    static func sparklines(scores: [Double?], joules: [Double?], isShare: Bool, span: String) -> [StyledLine] {
        let blank = StyledLine(String(repeating: " ", count: 15))
        var lines: [StyledLine] = []
        if let range = range(scores, isShare ? Quantity.percent : Quantity.number) {
            lines.append(
                blank + StyledLine(Self.pad(isShare ? "accuracy" : "error", 9))
                    + StyledLine(Sparkline.text(scores, width: columns, least: isShare ? 0.05 : 0), .accent)
                    + StyledLine("  \(range), \(span)", .dim))
        }
        if let range = range(joules, Quantity.joules) {
            lines.append(
                blank + StyledLine(Self.pad("energy", 9))
                    + StyledLine(Sparkline.text(joules, width: columns, least: 0), .accent)
                    + StyledLine("  \(range) an inference, \(span)", .dim))
        }
        return lines
    }

    private static func range(_ values: [Double?], _ text: (Double) -> String) -> String? {
        let known = values.suffix(columns).compactMap { $0 }
        guard known.count > 1, let low = known.min(), let high = known.max() else { return nil }
        return low == high ? text(low) : "\(text(low)) to \(text(high))"
    }

    static func scores(_ model: FleetSummary.Model) -> StyledLine {
        guard let version = model.version else { return StyledLine("no version yet") }
        var line = StyledLine("v\(version)", .bold)
        if let accuracy = model.accuracy {
            line.append("  student \(Quantity.share(accuracy)) of \(model.scored)")
        }
        if let errors = model.errors { line.append("  student \(Quantity.errors(errors)) of \(model.scored)") }
        if let teacher = model.teacher?.accuracy { line.append("  teacher \(Quantity.percent(teacher.value))") }
        if let joules = model.joulesPerInference {
            line.append("  \(Quantity.joules(joules)) an inference (\(joules.method.rawValue))")
        }
        return line
    }

    // MARK: Edges, jobs, rejects

    private var edges: [StyledLine] {
        let entries = fleet.installed.sorted { ($0.key.edge, $0.key.model) < ($1.key.edge, $1.key.model) }
        return entries.map { key, message in
            var line = StyledLine("  \(Self.pad(key.edge.description, 20)) \(Self.pad(key.model, 12)) ")
            line.append(message.running.map { "version \($0)" } ?? "no student")
            if message.state != .running {
                var state = message.state.rawValue + (message.desired.map { " \($0)" } ?? "")
                if let have = message.chunksHave, let all = message.chunks { state += ", \(have)/\(all) chunks" }
                line.append(" (\(state))", message.state == .refused ? .bad : .warning)
            }
            if message.isOnProbation { line.append(" on probation", .warning) }
            if fleet.isOnline(key.edge) == false { line.append("  offline", .bad) }
            return line
        }
    }

    private var jobs: [StyledLine] {
        fleet.jobs.sorted { $0.key < $1.key }.filter { $0.value.phase != .done }.map { id, job in
            var line = StyledLine("  job \(id): ") + Self.bar(job)
            if let loss = job.loss { line.append(", loss \(Quantity.number(loss))") }
            if let left = job.secondsLeft { line.append(", \(Quantity.seconds(left)) left") }
            if let reason = job.reason { line.append(": \(reason)", .bad) }
            return line
        }
    }

    private static func bar(_ job: JobProgress) -> StyledLine {
        guard job.phase != .failed else { return StyledLine(job.phase.rawValue, .bad) }
        return StyledLine("\(Self.pad(job.phase.rawValue, 11)) ")
            + StyledLine(ProgressLine.bar(job.fraction, width: 16), .accent)
            + StyledLine(" \(Quantity.percent(job.fraction))")
    }

    private var lastReject: [StyledLine] {
        fleet.rejects.last.map {
            [StyledLine("  last reject: \($0.topic): \($0.reason.prefix(90))", .warning)]
        } ?? []
    }

    /// The same in one line, for where nothing can be redrawn.
    var line: String {
        var parts = ["[\(Self.clock(elapsed))] \(note)"]
        if let summary = fleet.summary {
            parts.append("\(summary.devices.online) devices")
            parts.append("\(Quantity.number(summary.windowsPerSecond)) windows/s")
            for (name, model) in summary.models.sorted(by: { $0.key < $1.key }) {
                parts.append("\(name) \(Self.scores(model).text)")
            }
        }
        for (_, job) in fleet.jobs.sorted(by: { $0.key < $1.key }) where job.phase != .done {
            parts.append("\(job.model) job: \(job.phase.rawValue) \(Quantity.percent(job.fraction))")
        }
        parts += staleness.map(\.text)
        return TextTable.printable(parts.joined(separator: " · "))
    }

    static func clock(_ seconds: Double) -> String {
        let whole = Int(seconds)
        let rest = String(whole % 60)
        return "\(whole / 60):\(rest.count == 1 ? "0" : "")\(rest)"
    }

    private static func pad(_ text: String, _ width: Int) -> String {
        text.count >= width ? text : text + String(repeating: " ", count: width - text.count)
    }
}
