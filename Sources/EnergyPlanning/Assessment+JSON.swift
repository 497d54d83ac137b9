import Energy
public import JSON

extension Assessment {
    /// For other programs: every amount with `value`, `low` and `high`; joules with their method besides.
    public var json: JSONValue {
        var object: JSONObject = [
            "model": .string(demand.name), "profile": .string(profile.name), "fits": .bool(fits),
            "windowsPerSecond": JSONValue(exactly: demand.rate),
            "macs": .integer(Int64(demand.multiplyAccumulates)), "bytes": .integer(Int64(demand.fileBytes)),
            "arenaBytes": .integer(Int64(demand.arenaBytes)), "updateBytes": .integer(Int64(updateBytes)),
            "messageBytes": .integer(Int64(demand.messageBytes)),
            "limits": .array(
                limits.map { limit in
                    var entry: JSONObject = [
                        "limit": .string(limit.name), "used": Self.json(limit.used),
                        "available": JSONValue(exactly: limit.available), "verdict": .string(limit.verdict.rawValue),
                    ]
                    if !limit.unit.isEmpty { entry["unit"] = .string(limit.unit) }
                    return .object(entry)
                }),
            "latencySeconds": Self.json(latency, method: .modelled), "duty": Self.json(duty, method: .modelled),
            "computeJoules": Self.json(compute.bounds, method: compute.method),
            "macsPerJoule": Self.json(multiplyAccumulatesPerJoule, method: compute.method),
            "inferencesPerJoule": Self.json(inferencesPerJoule, method: compute.method),
            "idleWatts": Self.json(profile.idle, method: .modelled),
            "nodeWattsWithoutRadio": Self.json(node, method: .modelled),
        ]
        if let batteryDays { object["batteryDaysWithoutRadio"] = Self.json(batteryDays, method: .modelled) }
        object["radios"] = .array(
            radios.map { radio in
                var entry: JSONObject = [
                    "radio": .string(radio.name),
                    "joulesPerInference": Self.json(radio.inference.bounds, method: radio.inference.method),
                    "airShare": Self.json(radio.air, method: .modelled),
                    "joulesPerUpdate": Self.json(radio.update.bounds, method: radio.update.method),
                    "secondsPerUpdate": Self.json(radio.updateSeconds, method: .modelled),
                    "nodeWatts": Self.json(radio.node, method: .modelled),
                ]
                if let days = radio.batteryDays { entry["batteryDays"] = Self.json(days, method: .modelled) }
                return .object(entry)
            })
        return .object(object)
    }

    private static func json(_ bounds: EnergyBounds, method: EnergyMethod? = nil) -> JSONValue {
        var object: JSONObject = [
            "value": JSONValue(exactly: bounds.value), "low": JSONValue(exactly: bounds.low),
            "high": JSONValue(exactly: bounds.high),
        ]
        if let method { object["method"] = .string(method.rawValue) }
        return .object(object)
    }
}
