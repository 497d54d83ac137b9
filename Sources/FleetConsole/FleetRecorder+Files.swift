import ModelArtifact
import Telemetry

extension FleetRecorder {
    /// A CSV file of a recording.
    public struct File: Sendable, Equatable {
        /// Relative to the recording's folder.
        public var path: String
        public var text: String
    }

    /// The recording's files: `DEVICE.csv` for each device that sent samples, `test-DEVICE.csv` where its labels are for
    /// scoring alone, and `inferences/DEVICE.csv`, which stand apart so that nothing takes them for readings.
    public var files: [File] {
        let names = names
        var files: [File] = []
        for (device, track) in tracks.sorted(by: { $0.key < $1.key }) {
            guard let name = names[device] else { continue }
            if !track.rows.isEmpty { files.append(File(path: "\(name).csv", text: track.readings)) }
            if !track.inferences.isEmpty {
                files.append(File(path: "inferences/\(name).csv", text: track.decisions))
            }
        }
        return files
    }

    /// A device's own name where no other site has it.
    private var names: [DeviceID: String] {
        let counts = Dictionary(tracks.keys.map { ($0.device, 1) }, uniquingKeysWith: +)
        return tracks.reduce(into: [:]) { names, entry in
            let id = entry.key
            let name = counts[id.device] == 1 ? id.device : "\(id.device).\(id.site)"
            names[id] = entry.value.isEvaluation && !name.hasPrefix("test-") ? "test-\(name)" : name
        }
    }
}

extension FleetRecorder.Track {
    /// Columns of what labels tell: `label`, `value`, or one for each head.
    private enum LabelColumns {
        case none, label, value
        case heads([String])

        var names: [String] {
            switch self {
            case .none: []
            case .label: ["label"]
            case .value: ["value"]
            case .heads(let heads): heads
            }
        }
    }

    private var labelColumns: LabelColumns {
        var heads = Set<String>()
        for label in labels.values {
            switch label.content {
            case .label: return .label
            case .value: return .value
            case .heads(let known): heads.formUnion(known.keys)
            case .withdrawn: break
            }
        }
        return heads.isEmpty ? .none : .heads(heads.sorted())
    }

    /// `t,channel,…,label`: times increase, a missing value is an empty field.
    var readings: String {
        // A last column of this name would be taken for numbers to be predicted.
        let order = channels.indices.sorted {
            (channels[$0] == "value" ? 0 : 1, $0) < (channels[$1] == "value" ? 0 : 1, $1)
        }
        let columns = labelColumns
        var text = CSVText.row(["t"] + order.map { channels[$0] } + columns.names)
        let spoken = labels.values.filter { $0.content != .withdrawn }.sorted { ($0.from, $0.id) < ($1.from, $1.id) }
        var active: [LabelMessage] = []
        var next = 0
        for (key, values) in rows.sorted(by: { $0.key < $1.key }) {
            let t = Double(key) / 1_000_000
            while next < spoken.count, spoken[next].from <= t + 1e-6 {
                active.append(spoken[next])
                next += 1
            }
            active.removeAll { $0.to <= t + 1e-6 }
            let cells = order.map { $0 < values.count && !values[$0].isNaN ? "\(values[$0])" : "" }
            text += CSVText.row([CSVText.time(key)] + cells + fields(columns, active))
        }
        return text
    }

    /// What the labels that hold at a row say: the last word counts.
    private func fields(_ columns: LabelColumns, _ active: [LabelMessage]) -> [String] {
        let words = active.sorted { ($0.t, $0.id) < ($1.t, $1.id) }
        switch columns {
        case .none: return []
        case .label:
            let said = words.last { if case .label = $0.content { true } else { false } }
            if case .label(let label) = said?.content { return [label] }
            return [""]
        case .value:
            let said = words.last { if case .value = $0.content { true } else { false } }
            if case .value(let value) = said?.content { return ["\(value)"] }
            return [""]
        case .heads(let heads):
            var known: [String: String] = [:]
            for word in words {
                if case .heads(let said) = word.content { known.merge(said) { $1 } }
            }
            return heads.map { known[$0] ?? "" }
        }
    }

    /// A row for each decision, and for each head of one with several.
    var decisions: String {
        var text = CSVText.row([
            "from", "to", "model", "version", "revision", "decidedBy", "head", "label", "confidence", "value", "unit",
            "stdDev", "latencyUs",
        ])
        let order = inferences.sorted {
            ($0.value.from, $0.key.model, $0.key.revision) < ($1.value.from, $1.key.model, $1.key.revision)
        }
        for (key, inference) in order {
            let start = [
                CSVText.time(inference.from), CSVText.time(inference.to), key.model, "\(inference.version)",
                "\(inference.revision)", inference.decidedBy.rawValue,
            ]
            let end = ["\(inference.latencyMicroseconds)"]
            switch inference.decision {
            case .label(let label, _, let confidence):
                text += CSVText.row(start + ["", label, "\(confidence)", "", "", ""] + end)
            case .value(let value, let unit, let deviation):
                text += CSVText.row(start + ["", "", "", "\(value)", unit, deviation.map { "\($0)" } ?? ""] + end)
            case .heads(let heads):
                for head in heads {
                    text += CSVText.row(start + [head.head, head.label, "\(head.confidence)", "", "", ""] + end)
                }
            }
        }
        return text
    }
}

/// CSV as `CSVReader` takes it.
enum CSVText {
    static func row(_ fields: [String]) -> String { fields.map(field).joined(separator: ",") + "\n" }

    private static func field(_ text: String) -> String {
        // Line ends within a field are not read.
        let line = text.replacing("\n", with: " ").replacing("\r", with: " ")
        let needsQuotes =
            line.contains { $0 == "," || $0 == "\"" || $0 == ";" || $0 == "\t" } || line.hasPrefix(" ")
            || line.hasSuffix(" ")
        return needsQuotes ? "\"\(line.replacing("\"", with: "\"\""))\"" : line
    }

    static func time(_ seconds: Double) -> String { time(Int64((seconds * 1_000_000).rounded())) }

    /// Seconds with as many decimals as they need.
    static func time(_ microseconds: Int64) -> String {
        let (seconds, rest) = microseconds.quotientAndRemainder(dividingBy: 1_000_000)
        guard rest != 0 else { return "\(seconds)" }
        var decimals = String(rest + 1_000_000).dropFirst()
        while decimals.last == "0" { decimals.removeLast() }
        return "\(seconds).\(decimals)"
    }
}
