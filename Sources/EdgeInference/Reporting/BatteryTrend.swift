import Telemetry

/// A sensor's charge over the last weeks, and when it will be empty if it goes on so.
struct BatteryTrend: Sendable {
    /// Points kept; of more every second one is given up, so that they reach back ever further.
    static let limit = 64
    /// Percentage points by which a charge must rise to be a new or recharged battery; less is temperature.
    static let rise = 10.0
    /// Before this many seconds and this fall nothing is projected.
    static let shortest = 86_400.0
    static let smallestFall = 2.0

    private var points: [(t: Double, percent: Double)] = []
    /// Seconds between points.
    private var spacing = 3600.0
    private(set) var last: Double?

    mutating func add(_ percent: Double, at t: Double) {
        let percent = min(max(percent, 0), 100)
        if let last, percent >= last + Self.rise {
            points = []
            spacing = 3600
        }
        last = percent
        if let newest = points.last, t - newest.t < spacing { return }
        points.append((t, percent))
        guard points.count > Self.limit else { return }
        points = points.enumerated().filter { $0.offset % 2 == 0 }.map(\.element)
        spacing *= 2
    }

    /// The charge now with its pace, by least squares over the points.
    var battery: DeviceMessage.Battery? {
        guard let last else { return nil }
        var battery = DeviceMessage.Battery(percent: last)
        guard let first = points.first, let newest = points.last, newest.t - first.t >= Self.shortest,
            first.percent - last >= Self.smallestFall
        else { return battery }
        let count = Double(points.count)
        let meanTime = points.reduce(0) { $0 + ($1.t - first.t) } / count
        let meanPercent = points.reduce(0) { $0 + $1.percent } / count
        var products = 0.0
        var squares = 0.0
        for point in points {
            let distance = point.t - first.t - meanTime
            products += distance * (point.percent - meanPercent)
            squares += distance * distance
        }
        let perDay = products / squares * 86_400
        battery.percentPerDay = perDay
        if perDay < 0 { battery.daysLeft = last / -perDay }
        return battery
    }
}
