public import JSON
import Telemetry

extension FleetCriteria {
    /// The criteria for programs; keys stay, absent where there is no figure.
    public var json: JSONValue {
        let score = score?.json.object ?? [:]
        let teacher = score["teacher"]?.object ?? [:]
        func picked(_ pairs: KeyValuePairs<String, JSONValue?>) -> JSONValue {
            var object = JSONObject()
            for (key, value) in pairs { object[key] = value }
            return .object(object)
        }
        var object: JSONObject = ["model": .string(model)]
        object["version"] = version.map { .integer(Int64($0)) }
        object["accuracy"] = picked([
            "student": score["accuracy"], "teacher": teacher["accuracy"], "studentThere": teacher["student"],
            "withCloud": score["withCloud"], "mae": score["mae"], "rmse": score["rmse"], "unit": score["unit"],
            "teacherMae": teacher["mae"], "teacherRmse": teacher["rmse"], "basis": score["basis"],
            "decisions": score["decisions"], "scored": score["scored"], "coverage": score["coverage"],
            "teacherScored": teacher["scored"], "heads": score["heads"],
        ])
        object["speed"] = picked(["studentUs": score["latencyUs"]])
        object["size"] = picked([
            "studentBytes": release.map { .integer(Int64($0.size)) },
            "studentCompressedBytes": release.map { .integer(Int64($0.compressedBytes)) },
            "studentParameters": release.map { .integer(Int64($0.parameters)) },
            "teacherBytes": teacherBytes.map { .integer(Int64($0)) },
            "teacherParameters": teacherParameters.map { .integer(Int64($0)) },
        ])
        object["energy"] = picked([
            "perInference": score["joulesPerInference"], "perCorrect": score["joulesPerCorrect"],
        ])
        object["bytes"] = picked([
            "updates": updates.map { .integer(Int64($0.bytes)) },
            "updatesAsFull": updates.map { .integer(Int64($0.full)) },
            "edges": updates.map { .integer(Int64($0.edges)) },
            "moved": .object(
                bytesMoved.sorted { $0.key < $1.key }.reduce(into: JSONObject()) {
                    $0[$1.key] = .integer(Int64($1.value))
                }),
        ])
        object["decidedByCloud"] = score["decidedByCloud"]
        object["knowledge"] = picked([
            "agreement": teacher["agreement"], "gapClosed": gapClosed.map { JSONValue($0, places: 4) },
            "baseline": baseline.map { JSONValue($0.share, places: 4) },
            "baselineLabel": baseline.map { .string($0.label) },
        ])
        object["versions"] = .array(versions.map(Self.json))
        return .object(object)
    }

    private static func json(_ entry: Version) -> JSONValue {
        let score = entry.score?.json.object ?? [:]
        var object: JSONObject = ["version": .integer(Int64(entry.version)), "edges": .integer(Int64(entry.edges))]
        for key in ["decisions", "scored", "accuracy", "mae", "rmse", "joulesPerInference", "joulesPerCorrect"] {
            object[key] = score[key]
        }
        object["bytes"] = entry.release.map { .integer(Int64($0.size)) }
        object["released"] = entry.release.map { JSONValue($0.t, places: 3) }
        return .object(object)
    }
}
