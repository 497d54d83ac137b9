/// A drawing of named rows with a dot for each model on one common axis, and whiskers where an interval is known.
package struct DotRows {
    package struct Dot {
        package var style: String
        package var value: Double
        package var interval: ClosedRange<Double>?
        /// What the value is, for those who point at it.
        package var title: String

        package init(style: String, value: Double, interval: ClosedRange<Double>? = nil, title: String) {
            self.style = style
            self.value = value
            self.interval = interval
            self.title = title
        }
    }

    package struct Row {
        package var name: String
        package var dots: [Dot]

        package init(name: String, dots: [Dot]) {
            self.name = name
            self.dots = dots
        }
    }

    package var label: String
    package var rows: [Row]
    package var axis: ClosedRange<Double>
    package var axisText: (Double) -> String

    package init(
        label: String, rows: [Row], axis: ClosedRange<Double>,
        axisText: @escaping (Double) -> String = { Figure.fixed($0 * 100, 0) + " %" }
    ) {
        self.label = label
        self.rows = rows
        self.axis = axis
        self.axisText = axisText
    }

    private static let rowHeight = 22.0

    package var svg: String {
        let (left, right, top) = (112.0, Picture.width - 20, 6.0)
        let bottom = top + Double(rows.count) * Self.rowHeight
        var picture = Picture(height: bottom + 20, label: label)
        let span = axis.upperBound - axis.lowerBound
        func x(_ value: Double) -> Double {
            left + min(1, max(0, (value - axis.lowerBound) / span)) * (right - left)
        }
        let step = Plot.step(of: span)
        var value = (axis.lowerBound / step).rounded(.up) * step
        while value <= axis.upperBound + step * 1e-6 {
            picture.line(x(value), top, x(value), bottom, "grid")
            picture.text(x(value), bottom + 14, axisText(value), .middle)
            value += step
        }
        for (index, row) in rows.enumerated() {
            let y = top + (Double(index) + 0.5) * Self.rowHeight
            picture.text(left - 8, y + 3.5, Picture.short(row.name, 17), .end, "ink")
            let values = row.dots.map(\.value)
            if let low = values.min(), let high = values.max(), high > low {
                picture.line(x(low), y, x(high), y, "grid")
            }
            // Dots that would lie on one another are set apart a little.
            for (place, dot) in row.dots.enumerated() {
                let shift = row.dots.count > 1 ? (Double(place) - Double(row.dots.count - 1) / 2) * 3 : 0
                if let interval = dot.interval {
                    picture.line(
                        x(interval.lowerBound), y + shift, x(interval.upperBound), y + shift, "whisker \(dot.style)")
                }
                picture.circle(x(dot.value), y + shift, 4, "dot \(dot.style)", title: "\(row.name): \(dot.title)")
            }
        }
        return picture.svg
    }
}
