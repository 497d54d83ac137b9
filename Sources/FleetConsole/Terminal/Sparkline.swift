/// A series as a row of block characters.
enum Sparkline {
    private static let blocks: [Character] = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"]

    /// The last values, one a column; a gap is a space.
    ///
    /// - Parameters:
    ///   - width: columns at most.
    ///   - least: the range that the whole height stands for at least, so that noise does not look like news.
    static func text(_ values: [Double?], width: Int, least: Double) -> String {
        let shown = values.suffix(max(0, width))
        let known = shown.compactMap { $0 }.filter(\.isFinite)
        guard let low = known.min(), let high = known.max() else { return "" }
        let range = max(high - low, least, .leastNonzeroMagnitude)
        // A range that is widened stays centred on what there is.
        let bottom = (low + high - range) / 2
        return String(
            shown.map { value -> Character in
                guard let value, value.isFinite else { return " " }
                let place = Int(((value - bottom) / range * 7).rounded())
                return blocks[min(7, max(0, place))]
            })
    }
}
