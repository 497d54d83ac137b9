extension ONNXNode {
    /// How messages name the node.
    var title: String { name.isEmpty ? "a node \(opType)" : "the node \"\(name)\" (\(opType))" }

    /// - Throws: ``ExchangeError`` `.unsupported` that names an attribute beyond those.
    func allow(_ names: Set<String>) throws(ExchangeError) {
        for attribute in self.attribute where !names.contains(attribute.name) {
            throw ExchangeError(.unsupported, "\(title): the attribute \(attribute.name) is not known here")
        }
    }

    func int(_ name: String) -> Int? { attribute.first { $0.name == name && $0.hasI }.map { Int($0.i) } }

    func float(_ name: String) -> Float? { attribute.first { $0.name == name && $0.hasF }?.f }

    func ints(_ name: String) -> [Int]? {
        attribute.first { $0.name == name && !$0.ints.isEmpty }.map { $0.ints.map { Int($0) } }
    }

    func string(_ name: String) -> String? {
        attribute.first { $0.name == name && $0.hasS }.map { String(decoding: $0.s, as: UTF8.self) }
    }

    /// The name of an input; nothing where it is left out.
    func input(at index: Int) -> String? { index < input.count && !input[index].isEmpty ? input[index] : nil }

    func unsupported(_ what: String) -> ExchangeError { ExchangeError(.unsupported, "\(title): \(what)") }
}
