import Telemetry

/// Joules and bytes, counted where they belong.
extension Aggregation {
    /// Counts what an edge used between two messages: in all, for the versions and for the devices that decided.
    mutating func credit(_ use: EnergyLedger.Use, edge: EdgeID, minute: Int32) throws(JoinRefusal) {
        try credit(use.whole, edge, model: Subject.allModels, minute)
        for (version, tally) in use.byVersion {
            join.book.add(tally, to: version.subject, minute: minute)
            try credit(tally, edge, model: version.model, minute)
        }
        for part in use.byDevice {
            join.book.add(
                part.tally, to: Subject(kind: .device, name: part.device, model: part.model), minute: minute)
        }
    }

    mutating func credit(bytes: Int, of cause: String, edge: EdgeID, minute: Int32) throws(JoinRefusal) {
        guard bytes > 0 else { return }
        var tally = Tally()
        tally.bytes[cause] = bytes
        try credit(tally, edge, model: Subject.allModels, minute)
    }

    private mutating func credit(
        _ tally: Tally, _ edge: EdgeID, model: Int32, _ minute: Int32
    ) throws(JoinRefusal) {
        join.book.add(
            tally, to: Subject(kind: .edge, name: try join.name(edge.description), model: model), minute: minute)
        join.book.add(tally, to: Subject(kind: .site, name: try join.name(edge.site), model: model), minute: minute)
        join.book.add(tally, to: Subject(kind: .fleet, name: 0, model: model), minute: minute)
    }

    /// Counts the bytes of inferences that came since the last call.
    mutating func creditTraffic(now: Double) {
        for (edge, bytes) in traffic {
            // Without room for its name an edge has decided nothing.
            do throws(JoinRefusal) {
                try credit(bytes: bytes, of: "inferences", edge: edge, minute: Self.minute(now))
            } catch { continue }
        }
        traffic = [:]
    }

    static func minute(_ t: Double) -> Int32 { Int32(max(0, min(Double(Int32.max), (t / 60).rounded(.down)))) }
}
