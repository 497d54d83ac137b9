import JSON
import Synchronization

/// Integrates a power that is published elsewhere, such as a smart plug's on MQTT.
///
/// Who receives the messages hands them over; readings come from another task than the messages.
public final class PowerTopicMeter: EnergyMeter {
    private struct State {
        var last: (watts: Double, time: Double)?
        var joules = 0.0
        var low = 0.0
        var high = 0.0
        var highestPower = 0.0
        /// Seconds without a message, longer than are bridged.
        var unknown = 0.0
    }

    public let name = "topic"
    private let path: [Substring]
    private let scale: Double
    private let longestGap: Double
    private let state = Mutex(State())

    /// - Parameters:
    ///   - path: members that lead to the number in a JSON payload, such as `ENERGY.Power`; an array's by its index.
    ///     Empty where the payload is the bare number.
    ///   - scale: watts in one unit of the number.
    ///   - longestGap: seconds between two messages that are still bridged.
    public init(path: String, scale: Double = 1, longestGap: Double = 300) {
        self.path = path.split(separator: ".")
        self.scale = scale
        self.longestGap = longestGap
    }

    /// Takes a message.
    ///
    /// Between two messages power is taken to have run straight, and the bounds are that it stood at the lower or the
    /// higher of the two. Of a longer gap only the upper bound knows, by the highest power seen.
    ///
    /// - Throws: ``EnergyError`` `.malformed` where the payload holds no power.
    public func take(_ payload: [UInt8], now: Double) throws(EnergyError) {
        let watts = try power(payload)
        state.withLock { state in
            if let last = state.last, now > last.time {
                let seconds = now - last.time
                if seconds <= longestGap {
                    state.joules += seconds * (watts + last.watts) / 2
                    state.low += seconds * min(watts, last.watts)
                    state.high += seconds * max(watts, last.watts)
                } else {
                    state.unknown += seconds
                }
            }
            state.highestPower = max(state.highestPower, watts)
            state.last = (watts, now)
        }
    }

    private func power(_ payload: [UInt8]) throws(EnergyError) -> Double {
        func fault(_ message: String) -> EnergyError { EnergyError(.malformed, message) }
        var value: JSONValue
        do throws(JSONError) { value = try JSONValue(parsing: payload, maximumBytes: 65_536) } catch {
            throw fault("the payload is no JSON: \(error)")
        }
        for member in path {
            let next =
                value.object?[String(member)]
                ?? Int(member).flatMap { index in
                    value.elements.flatMap { $0.indices.contains(index) ? $0[index] : nil }
                }
            guard let next else { throw fault("the payload has no \(path.joined(separator: "."))") }
            value = next
        }
        guard let number = value.number ?? value.string.flatMap({ Double($0) }), number.isFinite else {
            throw fault("\(path.isEmpty ? "the payload" : path.joined(separator: ".")) is \(value.kind), no number")
        }
        // Plugs measure a little below 0 where nothing draws.
        let watts = max(0, number * scale)
        guard watts <= 1e9 else { throw fault("\(watts) W is beyond what can be") }
        return watts
    }

    /// `host`: measured, scope supply, up to the last message.
    public func read(now: Double) throws(EnergyError) -> [String: EnergyFigure] {
        state.withLock { state in
            guard state.last != nil else { return [:] }
            return [
                "host": EnergyFigure(
                    value: state.joules, low: state.low, high: state.high + state.unknown * state.highestPower,
                    method: .measured, meter: name, scope: "supply")
            ]
        }
    }
}
