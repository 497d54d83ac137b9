/// A drawing of lines over two axes.
package struct Plot {
    /// One line, with the class that gives it its colour.
    package struct Line {
        package var style: String
        package var points: [(x: Double, y: Double)]
        package var isDotted: Bool

        package init(style: String, points: [(x: Double, y: Double)], isDotted: Bool = false) {
            self.style = style
            self.points = points
            self.isDotted = isDotted
        }
    }

    package var label: String
    package var lines: [Line]
    /// Shown beneath the axis.
    package var xTitle: String
    /// Text at a position on the x axis.
    package var xTicks: [(at: Double, text: String)]
    /// Bounds of the y axis.
    package var y: ClosedRange<Double>
    package var yText: (Double) -> String
    package var marks: Bool
    package var height: Double

    package init(
        label: String, lines: [Line], xTitle: String, xTicks: [(at: Double, text: String)], y: ClosedRange<Double>,
        yText: @escaping (Double) -> String, marks: Bool = false, height: Double = 210
    ) {
        self.label = label
        self.lines = lines
        self.xTitle = xTitle
        self.xTicks = xTicks
        self.y = y
        self.yText = yText
        self.marks = marks
        self.height = height
    }

    /// Bounds that are round and hold all values; at least `least` wide.
    package static func bounds(_ values: [Double], least: Double, within limits: ClosedRange<Double>) -> ClosedRange<
        Double
    > {
        guard let low = values.min(), let high = values.max() else { return limits }
        let step = step(of: max(high - low, least))
        let bottom = max(limits.lowerBound, (low / step).rounded(.down) * step)
        let top = min(limits.upperBound, (high / step).rounded(.up) * step)
        return bottom < top ? bottom...top : bottom...bottom + step
    }

    /// A distance of grid lines: 1, 2 or 5 times a power of ten, that gives some four of them.
    package static func step(of range: Double) -> Double {
        var scale = 1.0
        while scale * 10 <= range / 4 { scale *= 10 }
        while scale > range / 4 { scale /= 10 }
        for factor in [1.0, 2, 5] where scale * factor >= range / 5 { return scale * factor }
        return scale * 10
    }

    package var svg: String {
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
