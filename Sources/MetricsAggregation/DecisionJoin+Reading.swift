import Telemetry

/// What messages say in the join's own terms, with the bounds within which they are believed.
extension DecisionJoin {
    func window(
        _ id: String, _ device: DeviceID, _ from: Double, _ to: Double
    ) throws(JoinRefusal) -> (start: Int64, from: Int64, to: Int64) {
        guard let window = WindowID(id), window.device == device.device, abs(window.start - from) < 0.001 else {
            throw JoinRefusal(
                code: "window", reason: "window: \"\(id)\" is not \(device.device)@ and the start \(from)")
        }
        guard to > from, to - from <= limits.window else {
            throw JoinRefusal(code: "window", reason: "to: a window lasts up to \(limits.window) s, not \(to - from)")
        }
        return (window.milliseconds, Self.microseconds(from), Self.microseconds(to))
    }

    mutating func answer(
        _ message: InferenceMessage, _ model: String
    ) throws(JoinRefusal) -> (Answer, Float) {
        guard (0...1000).contains(message.revision), message.version <= 1_000_000_000 else {
            throw JoinRefusal(code: "range", reason: "revision, version: beyond what can be")
        }
        guard message.latencyMicroseconds >= 0, message.latencyMicroseconds <= 1e12 else {
            throw JoinRefusal(code: "range", reason: "latencyUs: \(message.latencyMicroseconds) is no latency")
        }
        switch message.decision {
        case .label(let label, _, let confidence):
            guard confidence >= 0, confidence <= 1.000_001 else {
                throw JoinRefusal(code: "range", reason: "confidence: must be between 0 and 1, not \(confidence)")
            }
            return (.label(try name(label)), Float(min(1, confidence)))
        case .value(let value, let unit, _):
            let answer = Answer.value(try plausible(value))
            units[try name(model)] = unit
            return (answer, 0)
        case .heads: throw Self.unsplit
        }
    }

    func plausible(_ value: Double) throws(JoinRefusal) -> Double {
        guard value.magnitude <= limits.value else {
            throw JoinRefusal(code: "range", reason: "value: \(value) is beyond ±\(limits.value)")
        }
        return value
    }

    mutating func name(_ text: String) throws(JoinRefusal) -> Int32 {
        guard text.utf8.count <= 257 else {
            throw JoinRefusal(code: "range", reason: "a name of \(text.utf8.count) bytes is too long; 257 at most")
        }
        guard let index = names.index(text) else {
            throw JoinRefusal(code: "limit", reason: "more than \(names.capacity) names of devices and labels")
        }
        return index
    }

    mutating func seriesIndex(_ device: DeviceID, _ model: String) throws(JoinRefusal) -> Int {
        let key = DecisionSeries.Key(device: try name(device.description), model: try name(model))
        if let index = seriesIndices[key] { return index }
        guard series.count < limits.series else {
            throw JoinRefusal(code: "limit", reason: "more than \(limits.series) pairs of device and model")
        }
        let site = try name(device.site)
        guard let own = book.number(Subject(kind: .device, name: key.device, model: key.model)),
            let place = book.number(Subject(kind: .site, name: site, model: key.model)),
            let fleet = book.number(Subject(kind: .fleet, name: 0, model: key.model))
        else { throw tooManySubjects }
        return append(
            DecisionSeries(
                key: key,
                subjects: DecisionSeries.Subjects(device: own, site: place, fleet: fleet, siteName: site)))
    }

    static func microseconds(_ seconds: Double) -> Int64 { Int64((seconds * 1_000_000).rounded()) }
}
