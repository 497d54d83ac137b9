public import JSON
import Telemetry

extension FleetView {
    /// The fleet for programs; figures are those of the topics, under their names there.
    ///
    /// - Parameter now: Unix seconds.
    public func json(now: Double) -> JSONValue {
        var object: JSONObject = ["t": JSONValue(now, places: 3)]
        // How old what is shown is: nothing where all of it was retained.
        object["heardSecondsAgo"] = lastHeard.map { JSONValue(max(0, now - $0), places: 1) }
        object["summary"] = summary?.json
        object["edges"] = .array(edges.map(edgeJSON))
        object["jobs"] = .array(jobs.sorted { $0.key < $1.key }.map(\.value.json))
        object["services"] = .object(
            services.sorted { $0.key < $1.key }.reduce(into: JSONObject()) {
                $0[$1.key] = .string($1.value ? "online" : "offline")
            })
        object["rejects"] = .array(rejects.map(\.json))
        return .object(object)
    }

    private func edgeJSON(_ edge: EdgeID) -> JSONValue {
        var object: JSONObject = ["site": .string(edge.site), "edge": .string(edge.edge)]
        object["state"] = .string(isOnline(edge).map { $0 ? "online" : "offline" } ?? "unknown")
        let own = installed.filter { $0.key.edge == edge }.sorted { $0.key.model < $1.key.model }
        object["models"] = .object(own.reduce(into: JSONObject()) { $0[$1.key.model] = $1.value.json })
        return .object(object)
    }
}
