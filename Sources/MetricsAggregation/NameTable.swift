/// Names as small numbers, so that a record of a decision holds no strings.
struct NameTable: Sendable {
    /// Names held at most; a publisher of random labels fills this and no more.
    let capacity: Int
    private(set) var names: [String] = []
    private var indices: [String: Int32] = [:]

    init(capacity: Int = 131_072) { self.capacity = capacity }

    /// The number of a name, new where it is unknown; nothing where the table is full.
    mutating func index(_ name: String) -> Int32? {
        if let index = indices[name] { return index }
        guard names.count < capacity else { return nil }
        let index = Int32(names.count)
        names.append(name)
        indices[name] = index
        return index
    }

    func known(_ name: String) -> Int32? { indices[name] }

    /// - Precondition: `index` came from this table.
    subscript(index: Int32) -> String { names[Int(index)] }
}
