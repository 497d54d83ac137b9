import Presentation

/// A confusion matrix as shades: a row for each true class, a column for each answer, shares of the row.
struct ConfusionPicture {
    var scores: ClassScores
    var style: String
    var label: String

    var svg: String {
        let count = scores.classes.count
        let longest = scores.classes.map(\.count).max() ?? 0
        let left = min(92, 14 + 5.6 * Double(min(longest, 14)))
        let top = min(84, 12 + 5 * Double(min(longest, 14)))
        // Names of columns lean to the right and need room behind the last one.
        let cell = min(56, (Picture.width - left - 0.4 * top) / Double(count))
        var picture = Picture(height: top + cell * Double(count) + 4, label: label)
        let showsNumbers = count <= 10
        for (row, name) in scores.classes.enumerated() {
            let y = top + Double(row) * cell
            picture.text(left - 5, y + cell / 2 + 3.5, Picture.short(name, 14), .end, "ink")
            picture.upright(left + (Double(row) + 0.5) * cell + 3, top - 5, Picture.short(name, 14))
            let support = scores.support(row)
            for column in scores.classes.indices {
                let windows = scores.confusion[row][column]
                let share = support > 0 ? Double(windows) / Double(support) : 0
                let x = left + Double(column) * cell
                picture.rectangle(x, y, cell, cell, "empty")
                guard windows > 0 else { continue }
                let color = row == column ? style : "wrong"
                let title = "\(name) answered as \(scores.classes[column]): \(windows) of \(support)"
                picture.rectangle(
                    x + 0.5, y + 0.5, cell - 1, cell - 1, "cell \(color)", opacity: 0.08 + 0.92 * share, title: title)
                if showsNumbers {
                    picture.text(
                        x + cell / 2, y + cell / 2 + 3.5, Figure.fixed(share * 100, 0), .middle,
                        share > 0.5 ? "on" : "ink")
                }
            }
        }
        return picture.svg
    }
}
