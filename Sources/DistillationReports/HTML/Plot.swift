/// A drawing of lines over two axes.
struct Plot {
    /// One line, with the class that gives it its colour.
    struct Line {
        var style: String
        var points: [(x: Double, y: Double)]
        var isDotted = false
    }

    var label: String
    var lines: [Line]
    /// Shown beneath the axis.
    var xTitle: String
    /// Text at a position on the x axis.
    var xTicks: [(at: Double, text: String)]
    /// Bounds of the y axis.
    var y: ClosedRange<Double>
    var yText: (Double) -> String
    var marks = false
    var height = 210.0

    /// Bounds that are round and hold all values; at least `least` wide.
    static func bounds(_ values: [Double], least: Double, within limits: ClosedRange<Double>) -> ClosedRange<Double> {
        guard let low = values.min(), let high = values.max() else { return limits }
        let step = step(of: max(high - low, least))
        let bottom = max(limits.lowerBound, (low / step).rounded(.down) * step)
        let top = min(limits.upperBound, (high / step).rounded(.up) * step)
        return bottom < top ? bottom...top : bottom...bottom + step
    }

    /// A distance of grid lines: 1, 2 or 5 times a power of ten, that gives some four of them.
    static func step(of range: Double) -> Double {
        var scale = 1.0
        while scale * 10 <= range / 4 { scale *= 10 }
        while scale > range / 4 { scale /= 10 }
        for factor in [1.0, 2, 5] where scale * factor >= range / 5 { return scale * factor }
        return scale * 10
    }

    var svg: String {
        var picture = Picture(height: height, label: label)
        let (left, right, top, bottom) = (40.0, Picture.width - 8, 10.0, height - 34)
        let xs = lines.flatMap { $0.points.map(\.x) } + xTicks.map(\.at)
        let (from, to) = (xs.min() ?? 0, max(xs.max() ?? 1, (xs.min() ?? 0) + 1e-9))
        let span = y.upperBound - y.lowerBound
        func place(_ point: (x: Double, y: Double)) -> (x: Double, y: Double) {
            let share = min(1, max(0, (point.y - y.lowerBound) / span))
            return (left + (point.x - from) / (to - from) * (right - left), bottom - share * (bottom - top))
        }
        let step = Self.step(of: span)
        var value = (y.lowerBound / step).rounded(.up) * step
        while value <= y.upperBound + step * 1e-6 {
            let at = place((from, value)).y
            picture.line(left, at, right, at, "grid")
            picture.text(left - 5, at + 3.5, yText(value), .end)
            value += step
        }
        for (index, tick) in xTicks.enumerated() {
            let at = place((tick.at, y.lowerBound)).x
            let anchor: Picture.Anchor = index == xTicks.count - 1 && at > right - 8 ? .end : .middle
            picture.text(anchor == .end ? right : at, bottom + 14, tick.text, anchor)
        }
        picture.text((left + right) / 2, height - 5, xTitle, .middle)
        for line in lines {
            let points = line.points.map(place)
            picture.path(points, "line \(line.style)\(line.isDotted ? " dotted" : "")")
            if marks {
                for (point, raw) in zip(points, line.points) {
                    picture.circle(point.x, point.y, 3, "dot \(line.style)", title: yText(raw.y))
                }
            }
        }
        return picture.svg
    }
}
