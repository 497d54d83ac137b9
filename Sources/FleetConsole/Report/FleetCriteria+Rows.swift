import Telemetry

extension FleetCriteria {
    /// One criterion, for the terminal and the page.
    struct Row: Sendable, Equatable {
        var criterion: String
        var student: String
        var teacher: String
        /// What the figures are of, and what is not known.
        var note: String
    }

    static let unknown = "unknown"

    var rows: [Row] {
        [accuracy, sameWindows, inTheEnd, speed, size, energy, energyPerCorrect, decided, moved, knowledge]
    }

    private var coverage: String {
        guard let score else { return "nothing is decided yet" }
        guard score.scored > 0 else { return "none of \(score.decisions) windows has a label" }
        return "\(score.scored) of \(score.decisions) windows (\(Quantity.percent(score.coverage))) have a "
            + "\(score.basis?.rawValue ?? "label")"
    }

    private var accuracy: Row {
        Row(
            criterion: score?.errors == nil ? "accuracy" : "error",
            student: score?.accuracy.map(Quantity.share) ?? score?.errors.map(Quantity.errors) ?? Self.unknown,
            teacher: score?.teacher?.errors.map(Quantity.errors) ?? "see below",
            note: coverage + "; 95 % intervals" + heads)
    }

    private var heads: String {
        let heads = (score?.heads ?? [:]).sorted { $0.key < $1.key }.map { head, score in
            "\(head) \(score.accuracy.map { Quantity.percent($0.value) } ?? Self.unknown)"
        }
        return heads.isEmpty ? "" : "; heads: \(heads.joined(separator: ", "))"
    }

    private var sameWindows: Row {
        Row(
            criterion: "on the teacher's windows", student: score?.teacher?.student.map(Quantity.share) ?? Self.unknown,
            teacher: score?.teacher?.accuracy.map(Quantity.share) ?? Self.unknown,
            note: score?.teacher.map { "\($0.scored) windows that both decided and that have a label" }
                ?? "the teacher was asked about none")
    }

    private var inTheEnd: Row {
        Row(
            criterion: "edge and teacher together", student: score?.withCloud.map(Quantity.share) ?? Self.unknown,
            teacher: "",
            note: "decisions that stood in the end: the teacher's where it was asked in time")
    }

    private var speed: Row {
        Row(
            criterion: "speed", student: score?.latency.map(Quantity.latency) ?? Self.unknown, teacher: Self.unknown,
            note: "wall time of one run on the edge; the bus tells nothing of the teacher's")
    }

    private var size: Row {
        let student = release.map { "\(Quantity.bytes($0.size)), \($0.parameters) parameters" }
        let teacher = teacherBytes.map { "\(Quantity.bytes($0)), \(teacherParameters ?? 0) parameters" }
        var note = "the teacher's at four bytes a parameter"
        if let release, let teacherBytes {
            note = "\(Quantity.number(Double(teacherBytes) / Double(max(1, release.size)))) times smaller; " + note
        }
        return Row(criterion: "size", student: student ?? Self.unknown, teacher: teacher ?? Self.unknown, note: note)
    }

    private var energy: Row {
        Row(
            criterion: "energy an inference",
            student: score?.joulesPerInference.map(Quantity.joulesWithBounds) ?? Self.unknown,
            teacher: Self.unknown, note: Self.origin(score?.joulesPerInference))
    }

    private var energyPerCorrect: Row {
        Row(
            criterion: "energy a correct one",
            student: score?.joulesPerCorrect.map(Quantity.joulesWithBounds) ?? Self.unknown,
            teacher: Self.unknown, note: Self.origin(score?.joulesPerCorrect))
    }

    private static func origin(_ figure: JoulesFigure?) -> String {
        guard let figure else { return "no edge has told of its joules, or nothing is scored" }
        return "\(figure.method.rawValue): \(figure.includes.joined(separator: ", "))"
    }

    private var decided: Row {
        guard let score, score.decisions > 0 else {
            return Row(
                criterion: "decided", student: Self.unknown, teacher: Self.unknown, note: "nothing is decided yet")
        }
        return Row(
            criterion: "decided", student: Quantity.percent(1 - score.decidedByCloud),
            teacher: Quantity.percent(score.decidedByCloud),
            note: "share of \(score.decisions) windows, where it was decided")
    }

    private var moved: Row {
        let all = bytesMoved.sorted { $0.key < $1.key }.map { "\($0.key) \(Quantity.bytes($0.value))" }
        let total = all.isEmpty ? "" : "; of all models ever: " + all.joined(separator: ", ")
        guard let updates else {
            return Row(
                criterion: "bytes moved", student: Self.unknown, teacher: "",
                note: "no edge has a receipt of what it runs" + total)
        }
        let share = updates.full > 0 ? Double(updates.bytes) / Double(updates.full) : 1
        return Row(
            criterion: "bytes moved", student: "\(Quantity.bytes(updates.bytes)) to \(updates.edges) edges",
            teacher: "",
            note: "\(Quantity.percent(share)) of \(Quantity.bytes(updates.full)) for whole files in zstd" + total)
    }

    private var knowledge: Row {
        let agreement = score?.teacher?.agreement.map { "agrees on \(Quantity.share($0))" } ?? Self.unknown
        let note: String
        if let gapClosed, let baseline {
            note =
                "\(Quantity.percent(gapClosed)) of the gap between always \"\(baseline.label)\" "
                + "(\(Quantity.percent(baseline.share))) and the teacher is closed, on the windows that both decided"
        } else {
            note =
                "gap closed: \(Self.unknown); it is from always saying the most frequent class to the teacher, where that is "
                + "better and both are scored"
        }
        return Row(criterion: "knowledge transferred", student: agreement, teacher: "", note: note)
    }

    // MARK: Text

    /// The criteria for people: a table, then the versions.
    public var text: String {
        guard let version else { return "\(model): no version yet" }
        var table = TextTable([("CRITERION", .left), ("STUDENT", .left), ("TEACHER", .left)])
        for row in rows { table.append([row.criterion, row.student, row.teacher]) }
        // What a figure is of stands beneath it: side by side no terminal is wide enough.
        let lines = zip(table.text.split(separator: "\n"), [nil] + rows.map { Optional($0.note) })
        let text = lines.map { line, note in line + (note.map { "\n    \(TextTable.printable($0))" } ?? "") }
        return ["\(model), version \(version)", text.joined(separator: "\n"), versionTable.text].joined(
            separator: "\n\n")
    }

    var versionTable: TextTable {
        var table = TextTable([
            ("VERSION", .right), ("DECIDED", .right), ("SCORED", .right), ("ACCURACY", .left), ("BYTES", .right),
            ("JOULES/INFERENCE", .right), ("EDGES", .right),
        ])
        for entry in versions {
            table.append([
                "\(entry.version)", entry.score.map { "\($0.decisions)" } ?? "",
                entry.score.map { "\($0.scored)" } ?? "",
                entry.score?.accuracy.map(Quantity.share) ?? entry.score?.errors.map(Quantity.errors) ?? "",
                entry.release.map { "\($0.size)" } ?? "",
                entry.score?.joulesPerInference.map { Quantity.joules($0) } ?? "",
                "\(entry.edges)",
            ])
        }
        return table
    }
}
