/// Text with captures of a topic in it: `{node}-{property}`.
struct TextTemplate: Sendable, Equatable {
    private enum Part: Sendable, Equatable { case literal(String), capture(String) }

    let text: String
    private let parts: [Part]

    /// - Parameter known: names that may stand in braces.
    /// - Throws: ``SourceError`` `.file` for an unknown name or a brace left open.
    init(_ text: String, known: [String]) throws(SourceError) {
        self.text = text
        var parts: [Part] = []
        var rest = text[...]
        while let open = rest.firstIndex(of: "{") {
            guard let close = rest[open...].firstIndex(of: "}") else {
                throw SourceError(.file, "\"\(text)\": a brace is left open")
            }
            let name = String(rest[rest.index(after: open)..<close])
            guard known.contains(name) else {
                let names = known.isEmpty ? "none is" : known.map { "{\($0)}" }.joined(separator: ", ") + " are"
                throw SourceError(.file, "\"\(text)\": {\(name)} is not captured; \(names)")
            }
            if open > rest.startIndex { parts.append(.literal(String(rest[..<open]))) }
            parts.append(.capture(name))
            rest = rest[rest.index(after: close)...]
        }
        if !rest.isEmpty { parts.append(.literal(String(rest))) }
        guard !parts.isEmpty else { throw SourceError(.file, "must not be empty") }
        self.parts = parts
    }

    func fill(_ captures: [String: String]) -> String {
        var text = ""
        for part in parts {
            switch part {
            case .literal(let literal): text += literal
            case .capture(let name): text += captures[name] ?? ""
            }
        }
        return text
    }
}
