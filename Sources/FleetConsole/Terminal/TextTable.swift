/// A table for people: columns aligned by spaces.
///
/// Cells come from the bus, so characters that would steer a terminal are shown as `?`.
public struct TextTable: Sendable {
    public enum Alignment: Sendable { case left, right }

    private let head: [(title: String, alignment: Alignment)]
    private var rows: [[String]] = []

    public init(_ head: [(title: String, alignment: Alignment)]) { self.head = head }

    public var isEmpty: Bool { rows.isEmpty }

    /// - Precondition: as many cells as columns.
    public mutating func append(_ cells: [String]) {
        precondition(cells.count == head.count, "a row has a cell for every column")
        rows.append(cells.map(Self.printable))
    }

    /// The text without control characters and without what changes the direction of writing.
    public static func printable(_ text: String) -> String {
        var printable = ""
        for scalar in text.unicodeScalars {
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator: printable += "?"
            default: printable.unicodeScalars.append(scalar)
            }
        }
        return printable
    }

    /// Lines without trailing spaces, the titles first.
    public var text: String {
        let titles = head.map(\.title)
        let widths = titles.indices.map { column in
            ([titles] + rows).map { $0[column].count }.max() ?? 0
        }
        return ([titles] + rows).map { row in
            var line = ""
            for (column, cell) in row.enumerated() {
                let space = String(repeating: " ", count: widths[column] - cell.count)
                line += head[column].alignment == .right ? space + cell : cell + space
                line += "  "
            }
            while line.last == " " { line.removeLast() }
            return line
        }.joined(separator: "\n")
    }
}
