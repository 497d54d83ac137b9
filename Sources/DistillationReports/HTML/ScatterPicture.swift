import Presentation

/// True values against answers of a regression, with the line on which both are equal.
struct ScatterPicture {
    var scores: ValueScores
    var style: String
    var label: String

    private static let mostPoints = 400

    var svg: String {
        let values = (scores.truth + scores.answers).map(Double.init)
        let bounds = Plot.bounds(
            values, least: 1e-9, within: -Double.greatestFiniteMagnitude...Double.greatestFiniteMagnitude)
        let span = bounds.upperBound - bounds.lowerBound
        let height = 320.0
        var picture = Picture(height: height, label: label)
        let (left, right, top, bottom) = (46.0, Picture.width - 8, 8.0, height - 34)
        func x(_ value: Double) -> Double { left + (value - bounds.lowerBound) / span * (right - left) }
        func y(_ value: Double) -> Double { bottom - (value - bounds.lowerBound) / span * (bottom - top) }
        let step = Plot.step(of: span)
        var value = bounds.lowerBound
        while value <= bounds.upperBound + step * 1e-6 {
            picture.line(left, y(value), right, y(value), "grid")
            picture.text(left - 5, y(value) + 3.5, Figure.significant(value), .end)
            picture.text(x(value), bottom + 14, Figure.significant(value), .middle)
            value += step
        }
        picture.line(left, bottom, right, top, "grid")
        let count = min(scores.count, Self.mostPoints)
        for place in 0..<count {
            let index = place * scores.count / count
            picture.circle(x(Double(scores.truth[index])), y(Double(scores.answers[index])), 2, "dot \(style)")
        }
        picture.text((left + right) / 2, height - 5, "true value; upwards the answer", .middle)
        return picture.svg
    }
}
