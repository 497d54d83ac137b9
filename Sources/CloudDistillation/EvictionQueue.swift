/// The order in which windows go when a bound is reached: those that teach nothing first, each kind oldest first.
///
/// A window whose coverage changes is appended again with a new stamp; its old place is skipped when it is reached.
struct EvictionQueue: Sendable {
    struct Place: Sendable, Equatable {
        let key: WindowKey
        let stamp: Int
    }

    private struct Line: Sendable {
        var places: [Place] = []
        var head = 0
        var count: Int { places.count - head }
    }

    private var idle = Line()
    private var teaching = Line()

    /// Places held, stale ones included.
    var count: Int { idle.count + teaching.count }

    mutating func append(_ key: WindowKey, stamp: Int, isIdle: Bool) {
        let place = Place(key: key, stamp: stamp)
        if isIdle { idle.places.append(place) } else { teaching.places.append(place) }
    }

    /// The oldest window that teaches nothing, without removing it.
    func peekIdle() -> Place? { idle.head < idle.places.count ? idle.places[idle.head] : nil }

    mutating func popIdle() -> Place? { Self.pop(&idle) }
    mutating func popTeaching() -> Place? { Self.pop(&teaching) }

    /// Drops stale places: called when they outnumber the live ones.
    mutating func compact(isLive: (Place) -> Bool) {
        idle = Line(places: idle.places[idle.head...].filter(isLive))
        teaching = Line(places: teaching.places[teaching.head...].filter(isLive))
    }

    private static func pop(_ line: inout Line) -> Place? {
        guard line.head < line.places.count else { return nil }
        defer {
            line.head += 1
            // Removing many at once keeps the cost of a pop constant.
            if line.head > 1024 && line.head * 2 > line.places.count {
                line.places.removeFirst(line.head)
                line.head = 0
            }
        }
        return line.places[line.head]
    }
}
