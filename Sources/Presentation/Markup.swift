/// HTML and SVG text, with everything from outside escaped.
package struct Markup {
    package private(set) var text = ""

    package init() {}

    /// Text from outside as it may stand in an element or an attribute.
    package static func escape(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case "'": result += "&#39;"
            default:
                // Other control characters may not stand in HTML at all.
                if scalar.value >= 0x20 || scalar == "\n" || scalar == "\t" { result.unicodeScalars.append(scalar) }
            }
        }
        return result
    }

    /// An element with content of its own.
    package mutating func element(
        _ name: String, _ attributes: KeyValuePairs<String, String> = [:], _ content: (inout Markup) -> Void
    ) {
        text += "<\(name)\(Self.attributes(attributes))>"
        content(&self)
        text += "</\(name)>"
        if ["section", "table", "tr", "svg", "figure", "p", "h1", "h2", "div", "header", "main"].contains(name) {
            text += "\n"
        }
    }

    /// An element with nothing but text.
    package mutating func element(_ name: String, _ attributes: KeyValuePairs<String, String> = [:], text: String) {
        element(name, attributes) { $0.write(text) }
    }

    /// An element without content.
    package mutating func void(_ name: String, _ attributes: KeyValuePairs<String, String> = [:]) {
        text += "<\(name)\(Self.attributes(attributes))/>"
    }

    /// Text, escaped.
    package mutating func write(_ more: String) { text += Self.escape(more) }

    /// Markup of our own, as it is.
    package mutating func raw(_ more: String) { text += more }

    private static func attributes(_ attributes: KeyValuePairs<String, String>) -> String {
        attributes.map { " \($0)=\"\(escape($1))\"" }.joined()
    }
}
