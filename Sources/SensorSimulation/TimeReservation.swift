import JSON
import ServiceRuntime
import SystemPackage
import Telemetry

/// Remembers on disk how far device time has run, so that a restarted simulator never tells a time twice.
///
/// Times are reserved ahead, so that a process that is killed has written beforehand what it used.
struct TimeReservation {
    private let file: FilePath
    /// What is reserved at a time, in seconds of device time.
    private let portion: Double
    private var until: Double

    /// - Throws: ``ConfigurationError`` where the state directory's file is damaged or cannot be read.
    init(stateDirectory: String, speed: Double) throws {
        file = FilePath(stateDirectory).appending("time.json")
        portion = max(60, 60 * speed)
        do {
            let reader = try JSONObjectReader(JSONValue(parsing: StateDirectory.read(file, limit: 4096)))
            until = try reader.number("until")
        } catch Errno.noSuchFileOrDirectory {
            until = 0
        } catch {
            throw ConfigurationError(key: "service.state", "service.state: \(file): \(error); remove the file")
        }
        guard until == 0 || plausibleTimes.contains(until) else {
            throw ConfigurationError(key: "service.state", "service.state: \(file): \(until) is no time")
        }
    }

    /// Where playback starts: the first whole minute that is neither past nor told before.
    func start(now: Double) -> Double { (max(now, until) / 60).rounded(.up) * 60 }

    /// Makes sure that a time is reserved before it is told.
    mutating func cover(_ time: Double) throws {
        guard time > until - portion / 4 else { return }
        until = ((time + portion) / 60).rounded(.up) * 60
        try write()
    }

    /// Gives back what was not used.
    mutating func release(after time: Double) throws {
        until = time
        try write()
    }

    private func write() throws {
        try StateDirectory.replace(file, with: JSONValue.object(["until": JSONValue(until, places: 3)]).bytes)
    }
}
