/// A drawing in SVG, 360 units wide: on a telephone as wide as the page, so that its text keeps its size.
package struct Picture {
    package static let width = 360.0
    private var markup = Markup()
    private let height: Double
    private let label: String

    /// - Parameter label: what it shows, for those who do not see it.
    package init(height: Double, label: String) {
        self.height = height
        self.label = label
    }

    package static func number(_ value: Double) -> String {
        let text = Figure.fixed(value, 1).replacing("−", with: "-")
        return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
    }

    package mutating func line(_ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double, _ style: String) {
        markup.void(
            "line",
            [
                "x1": Self.number(x1), "y1": Self.number(y1), "x2": Self.number(x2), "y2": Self.number(y2),
                "class": style,
            ])
    }

    package mutating func rectangle(
        _ x: Double, _ y: Double, _ width: Double, _ height: Double, _ style: String, opacity: Double? = nil,
        radius: Double = 0, title: String? = nil
    ) {
        let shade = opacity.map { Figure.fixed($0, 3) } ?? "1"
        markup.element(
            "rect",
            [
                "x": Self.number(x), "y": Self.number(y), "width": Self.number(max(0, width)),
                "height": Self.number(height), "rx": Self.number(radius), "class": style, "fill-opacity": shade,
            ]
        ) { if let title { $0.element("title", text: title) } }
    }

    package mutating func circle(_ x: Double, _ y: Double, _ radius: Double, _ style: String, title: String? = nil) {
        markup.element(
            "circle", ["cx": Self.number(x), "cy": Self.number(y), "r": Self.number(radius), "class": style]
        ) { if let title { $0.element("title", text: title) } }
    }

    package mutating func path(_ points: [(x: Double, y: Double)], _ style: String) {
        guard let first = points.first else { return }
        var data = "M\(Self.number(first.x)) \(Self.number(first.y))"
        for point in points.dropFirst() { data += "L\(Self.number(point.x)) \(Self.number(point.y))" }
        markup.void("path", ["d": data, "class": style])
    }

    package enum Anchor: String { case start, middle, end }

    package mutating func text(
        _ x: Double, _ y: Double, _ text: String, _ anchor: Anchor = .start, _ style: String = ""
    ) {
        markup.element(
            "text",
            ["x": Self.number(x), "y": Self.number(y), "text-anchor": anchor.rawValue, "class": style], text: text)
    }

    /// Text that reads upwards.
    package mutating func upright(_ x: Double, _ y: Double, _ text: String) {
        markup.element(
            "text",
            [
                "x": Self.number(x), "y": Self.number(y), "text-anchor": "start",
                "transform": "rotate(-60 \(Self.number(x)) \(Self.number(y)))",
            ], text: text)
    }

    package var svg: String {
        var result = Markup()
        result.element(
            "svg",
            [
                "viewBox": "0 0 \(Self.number(Self.width)) \(Self.number(height))", "role": "img", "aria-label": label,
            ]
        ) { $0.raw(markup.text) }
        return result.text
    }

    /// A text cut to so many characters.
    package static func short(_ text: String, _ count: Int) -> String {
        text.count <= count ? text : text.prefix(count - 1) + "…"
    }
}
