import JSON

/// Where a value stands in a JSON document: `a.b[0].c`; a key with dots or brackets is written `["a.b"]`.
struct ValuePath: Sendable, Equatable {
    enum Step: Sendable, Equatable { case key(String), index(Int) }

    let text: String
    let steps: [Step]

    /// - Throws: ``SourceError`` `.file` where the text is no path.
    init(_ text: String) throws(SourceError) {
        self.text = text
        var steps: [Step] = []
        var rest = text[...]
        while !rest.isEmpty {
            guard steps.count < 32 else { throw SourceError(.file, "\"\(text)\": a path has at most 32 steps") }
            if rest.hasPrefix("[\"") {
                guard let end = rest.dropFirst(2).firstRange(of: "\"]") else { throw Self.fault(text) }
                steps.append(.key(String(rest.dropFirst(2)[..<end.lowerBound])))
                rest = rest[end.upperBound...]
            } else if rest.hasPrefix("[") {
                guard let end = rest.firstIndex(of: "]"), let index = Int(rest.dropFirst()[..<end]), index >= 0 else {
                    throw Self.fault(text)
                }
                steps.append(.index(index))
                rest = rest[rest.index(after: end)...]
            } else {
                if !steps.isEmpty {
                    guard rest.hasPrefix(".") else { throw Self.fault(text) }
                    rest = rest.dropFirst()
                }
                let end = rest.firstIndex { $0 == "." || $0 == "[" } ?? rest.endIndex
                guard end > rest.startIndex else { throw Self.fault(text) }
                steps.append(.key(String(rest[..<end])))
                rest = rest[end...]
            }
        }
        guard !steps.isEmpty else { throw Self.fault(text) }
        self.steps = steps
    }

    private static func fault(_ text: String) -> SourceError {
        SourceError(.file, "\"\(text)\" is no path; write keys and places like a.b[0].c or [\"a.b\"]")
    }

    /// The value, or nothing where the document has none there.
    func find(in document: JSONValue) -> JSONValue? {
        var value = document
        for step in steps {
            switch (step, value) {
            case (.key(let key), .object(let object)):
                guard let member = object[key] else { return nil }
                value = member
            case (.index(let index), .array(let elements)):
                guard index < elements.count else { return nil }
                value = elements[index]
            case (.index(let index), .numbers(let numbers)):
                guard index < numbers.count else { return nil }
                value = .double(numbers[index])
            default: return nil
            }
        }
        return value
    }
}
