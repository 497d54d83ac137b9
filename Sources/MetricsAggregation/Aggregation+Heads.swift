import Telemetry

/// Models with several heads: each head is joined and counted as a model of its own, named `model#head`, whose labels are
/// `head=label`. A model's name is a slug, so it has no `#`.
extension Aggregation {
    static func name(ofHead head: String, model: String) -> String { "\(model)#\(head)" }
    static func label(_ label: String, ofHead head: String) -> String { "\(head)=\(label)" }

    /// The model and head that a name of the table stands for.
    static func parts(_ name: String) -> (model: String, head: String?) {
        guard let at = name.firstIndex(of: "#") else { return (name, nil) }
        return (String(name[..<at]), String(name[name.index(after: at)...]))
    }

    /// Numbers a head, and remembers whose it is.
    mutating func number(ofHead head: String, model: String) throws(JoinRefusal) -> Int32 {
        let whole = try join.name(model)
        let number = try join.name(Self.name(ofHead: head, model: model))
        if heads[whole]?.contains(number) != true {
            heads[whole, default: []].append(number)
            wholes[number] = whole
        }
        return number
    }

    /// Finds the heads amongst the models that were read back.
    mutating func restoreHeads() {
        for series in join.series {
            let (model, head) = Self.parts(join.names[series.key.model])
            guard let head else { continue }
            // Names that are known take no room.
            do throws(JoinRefusal) { _ = try number(ofHead: head, model: model) } catch { continue }
        }
    }

    /// The version that a version of a head belongs to; itself for a model without.
    func whole(_ key: VersionKey) -> VersionKey {
        VersionKey(model: wholes[key.model] ?? key.model, version: key.version)
    }

    /// The number under which a whole model's decisions count: its own, or that of its first head.
    func counted(_ model: Int32) -> Int32 { heads[model]?.first ?? model }

    /// Whether decisions under this name count for the fleet: of several heads, the first one's.
    func isCounted(_ model: Int32) -> Bool {
        guard let whole = wholes[model] else { return true }
        return heads[whole]?.first == model
    }

    /// What is compared with truths: of several heads all, where one is.
    func basis(_ model: Int32, _ bases: [Int32: Basis]) -> Basis {
        ([model] + (heads[model] ?? [])).contains { bases[$0] == .truth } ? .truth : .label
    }

    // MARK: Messages

    /// One message for each head of a decision; the message itself where it has none.
    static func split(_ message: InferenceMessage) -> [(head: String?, message: InferenceMessage)] {
        guard case .heads(let heads) = message.decision else { return [(nil, message)] }
        return heads.map { head in
            var part = message
            part.decision = .label(
                label(head.label, ofHead: head.head), superclass: head.superclass, confidence: head.confidence)
            return (head.head, part)
        }
    }

    static func split(_ message: VerdictMessage) -> [(head: String?, message: VerdictMessage)] {
        guard case .heads(let heads) = message.content else { return [(nil, message)] }
        return heads.map { head in
            var part = message
            part.content = .probabilities(head.probabilities, label: label(head.label, ofHead: head.head))
            return (head.head, part)
        }
    }

    /// One message for each head of a label, with ids `id#head`, and a withdrawal for each that it no longer speaks of.
    func split(_ message: LabelMessage, basis: Basis, device: DeviceID) -> [LabelMessage] {
        var parts = [message]
        if case .heads(let known) = message.content {
            parts = known.sorted { $0.key < $1.key }.map { head, label in
                var part = message
                part.id = Self.name(ofHead: head, model: message.id)
                part.content = .label(Self.label(label, ofHead: head))
                return part
            }
        } else if heads.isEmpty {
            return parts
        }
        let spoken = Set(parts.map(\.id))
        for id in join.ids(of: message.id, basis: basis, device: device) where !spoken.contains(id) {
            var part = message
            part.id = id
            part.content = .withdrawn
            parts.append(part)
        }
        return parts
    }
}

extension DecisionJoin {
    /// The ids under which a label, whole or in heads, is held.
    func ids(of id: String, basis: Basis, device: DeviceID) -> [String] {
        guard let number = names.known(device.description),
            let table = intervals[IntervalKey(device: number, basis: basis)]
        else { return [] }
        return table.intervals.map(\.id).filter { $0 == id || $0.hasPrefix(id + "#") }
    }
}
