public import Telemetry

/// Finds what a person meant by a name, or says what there is.
public struct NameMatch: Sendable {
    /// What is looked for, for the message: `device`, `model`.
    private let kind: String
    private let names: [String]

    /// - Parameters:
    ///   - kind: what is looked for: `device`, `model`.
    ///   - names: all there are.
    public init(_ kind: String, amongst names: [String]) {
        self.kind = kind
        self.names = names.sorted()
    }

    /// The name itself.
    ///
    /// - Throws: ``FleetConsoleError`` `.notFound` that lists the near ones.
    public func find(_ text: String) throws(FleetConsoleError) -> String {
        if names.contains(text) { return text }
        throw missing(text)
    }

    /// A device by `site/device`, or by its device name where only one site has it.
    ///
    /// - Throws: ``FleetConsoleError`` `.notFound` that lists the near ones, or those of that name.
    public static func device(_ text: String, amongst devices: some Sequence<DeviceID>) throws(FleetConsoleError)
        -> DeviceID
    {
        let devices = Array(devices)
        if let device = devices.first(where: { $0.description == text }) { return device }
        let named = devices.filter { $0.device == text }
        if named.count == 1 { return named[0] }
        if named.count > 1 {
            let all = named.sorted().map(\.description).joined(separator: ", ")
            throw FleetConsoleError(.notFound, "several sites have a device \"\(text)\": \(all); name one of these")
        }
        throw NameMatch("device", amongst: devices.map(\.description)).missing(text)
    }

    private func missing(_ text: String) -> FleetConsoleError {
        let shown = TextTable.printable(text)
        guard !names.isEmpty else {
            return FleetConsoleError(.notFound, "there is no \(kind) \"\(shown)\", nor any other")
        }
        let near = near(to: text)
        let hint =
            near.isEmpty
            ? names.prefix(8).joined(separator: ", ") + (names.count > 8 ? " and \(names.count - 8) more" : "")
            : near.joined(separator: ", ")
        return FleetConsoleError(
            .notFound,
            "there is no \(kind) \"\(shown)\"; \(near.isEmpty ? "there is" : "did you mean") \(hint)\(near.isEmpty ? "" : "?")"
        )
    }

    /// Up to five names that contain the text, or differ in few letters.
    func near(to text: String) -> [String] {
        let wanted = text.lowercased()
        guard !wanted.isEmpty else { return [] }
        let scored = names.compactMap { name -> (name: String, distance: Int)? in
            if name.contains(wanted) { return (name, 0) }
            let last = name.split(separator: "/").last.map(String.init) ?? name
            let distance = min(Self.distance(name, wanted), Self.distance(last, wanted))
            return distance <= 1 + wanted.count / 4 ? (name, distance) : nil
        }
        return scored.sorted { ($0.distance, $0.name) < ($1.distance, $1.name) }.prefix(5).map(\.name)
    }

    /// Letters to add, drop or change to make one of the other (Levenshtein).
    static func distance(_ a: String, _ b: String) -> Int {
        let (left, right) = (Array(a.prefix(128)), Array(b.prefix(128)))
        var row = Array(0...right.count)
        for (i, letter) in left.enumerated() {
            var diagonal = row[0]
            row[0] = i + 1
            for (j, other) in right.enumerated() {
                let change = diagonal + (letter == other ? 0 : 1)
                diagonal = row[j + 1]
                row[j + 1] = min(change, min(row[j], row[j + 1]) + 1)
            }
        }
        return row[right.count]
    }
}
