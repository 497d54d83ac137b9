import Compression
import Distillation
import Energy
public import JSON
import ModelArtifact
import Telemetry

extension StudyReport {
    /// The report for programs; `docs/formats.md` describes it.
    public var json: JSONValue {
        var object: JSONObject = [
            "format": .integer(Int64(Self.currentFormat)),
            "task": task.json,
            "data": dataJSON,
            "settings": settingsJSON,
            "models": .object(
                models.reduce(into: JSONObject()) { $0[$1.role.rawValue] = modelJSON($1) }),
        ]
        object["agreement"] = agreement.map(Self.interval)
        object["gapClosed"] = gapClosed.map { JSONValue($0, places: 4) }
        object["compression"] = .array(compression.map(compressionJSON))
        if !updates.isEmpty {
            object["baseTest"] = baseQuality.map { JSONValue($0, places: 4) }
            object["updates"] = .array(updates.map(updateJSON))
        }
        object["robustness"] = .object([
            "windows": .integer(Int64(hardshipWindows)),
            "conditions": .array(hardships.map(hardshipJSON)),
        ])
        object["comparison"] = comparison.map(Self.comparisonJSON)
        object["superclassComparison"] = superclassComparison.map(Self.comparisonJSON)
        object["focus"] = focus.map { .array($0.rows.map(focusJSON)) }
        object["studentDigest"] = .string(studentDigest)
        object["seconds"] = JSONValue(seconds, places: 1)
        if !command.isEmpty { object["command"] = .string(command) }
        return .object(object)
    }

    private var dataJSON: JSONValue {
        var object: JSONObject = [
            "files": .integer(Int64(facts.files)), "rows": .integer(Int64(facts.rows)),
            "split": .string(facts.method), "trainingGroups": .integer(Int64(facts.trainingGroups)),
            "testGroups": .array(facts.testGroups.map { .string($0) }),
            "trainingWindows": .integer(Int64(trainingWindows)),
            "validationWindows": .integer(Int64(validationWindows)), "testWindows": .integer(Int64(testWindows)),
            "unlabelledWindows": .integer(Int64(facts.unlabelled)),
            "notes": .array(facts.notes.map { .string($0) }),
        ]
        object["rate"] = facts.rate.map { JSONValue(exactly: $0) }
        return .object(object)
    }

    private var settingsJSON: JSONValue {
        .object([
            "seed": .integer(Int64(clamping: options.seed)), "threads": .integer(Int64(options.threads)),
            "batch": .integer(Int64(options.batch)),
            "temperature": JSONValue(Double(options.temperature), places: 4),
            "alpha": JSONValue(Double(options.alpha), places: 4), "profile": .string(profile.name),
            "recipe": .string(options.recipe.text), "allowedLoss": JSONValue(options.recipe.allowedLoss, places: 4),
        ])
    }

    private func modelJSON(_ model: Model) -> JSONValue {
        var object: JSONObject = [
            "network": model.spec.json, "parameters": .integer(Int64(model.spec.parameterCount)),
            "bytes": .integer(Int64(model.bytes)), "macs": .integer(Int64(model.spec.multiplyAccumulates)),
            "latency": .object([
                "median": JSONValue(model.latency.median, places: 9), "p99": JSONValue(model.latency.p99, places: 9),
                "runs": .integer(Int64(model.latency.runs)),
            ]),
        ]
        let seconds = model.deviceSeconds
        object["deviceSeconds"] = Self.bounds(seconds.value, seconds.low, seconds.high, places: 9)
        object["energy"] = energyJSON(model.energy)
        object["test"] = .object(scoresJSON(model.test))
        object["training"] = .object(scoresJSON(model.training, isBrief: true))
        object["curve"] = .array(
            model.curve.map { point in
                var entry: JSONObject = [
                    "phase": .string(point.phase == .quantisation ? "int8" : "float"),
                    "epoch": .integer(Int64(point.epoch)),
                    "loss": JSONValue(point.loss, places: 6),
                ]
                entry["validation"] = point.validation.map { JSONValue($0, places: 4) }
                return .object(entry)
            })
        object["seconds"] = JSONValue(model.seconds, places: 2)
        return .object(object)
    }

    private func updateJSON(_ row: UpdateRow) -> JSONValue {
        var object: JSONObject = [
            "budget": .string(row.budget.description), "bytes": .integer(Int64(row.bytes)),
            "fullBytes": .integer(Int64(row.fullBytes)), "changedWeights": JSONValue(row.changedWeights, places: 4),
        ]
        object["test"] = row.test.map { JSONValue($0, places: 4) }
        return .object(object)
    }

    private func compressionJSON(_ row: CompressionRow) -> JSONValue {
        var object: JSONObject = [
            "step": .string(row.step), "parameters": .integer(Int64(row.parameters)),
            "nonZero": .integer(Int64(row.nonZero)), "bytes": .integer(Int64(row.bytes)),
            "compressedBytes": .integer(Int64(row.compressedBytes)), "macs": .integer(Int64(row.multiplyAccumulates)),
            "latency": JSONValue(row.latency.median, places: 9), "joules": .double(row.energy.value),
        ]
        object["validation"] = row.validation.map { JSONValue($0, places: 4) }
        object["test"] = row.test.map { JSONValue($0, places: 4) }
        object["brokenBy"] = row.brokenBy.map { .integer(Int64($0)) }
        if !row.eased.isEmpty {
            object["eased"] = .object(
                row.eased.sorted { $0.key < $1.key }.reduce(into: JSONObject()) {
                    $0[String($1.key)] = JSONValue($1.value, places: 4)
                })
        }
        return .object(object)
    }

    private func energyJSON(_ energy: EnergyFigure) -> JSONValue {
        var object: JSONObject = [
            "value": .double(energy.value), "low": .double(energy.low), "high": .double(energy.high),
            "method": .string(energy.method.rawValue), "includes": .array([.string("compute")]),
            "time": .string("modelled"),
        ]
        object["profile"] = energy.profile.map { .string($0) }
        return .object(object)
    }

    private func scoresJSON(_ scores: [TargetScores], isBrief: Bool = false) -> JSONObject {
        zip(targets, scores).reduce(into: JSONObject()) { object, entry in
            switch entry.1 {
            case .classes(let scores): object[entry.0.name] = Self.classesJSON(scores, isBrief: isBrief)
            case .value(let scores):
                var value: JSONObject = [
                    "windows": .integer(Int64(scores.count)),
                    "meanAbsoluteError": JSONValue(scores.meanAbsoluteError, places: 6),
                    "rootMeanSquareError": JSONValue(scores.rootMeanSquareError, places: 6),
                ]
                value["determination"] = scores.determination.map { JSONValue($0, places: 4) }
                object[entry.0.name] = .object(value)
            }
        }
    }

    private static func classesJSON(_ scores: ClassScores, isBrief: Bool) -> JSONValue {
        var object: JSONObject = ["windows": .integer(Int64(scores.count)), "correct": .integer(Int64(scores.correct))]
        object["accuracy"] = scores.accuracy.map(interval)
        object["macroF1"] = scores.macroF1.map { JSONValue($0, places: 4) }
        guard !isBrief else { return .object(object) }
        object["classes"] = .array(
            scores.classes.indices.map { index in
                var entry: JSONObject = [
                    "name": .string(scores.classes[index]), "windows": .integer(Int64(scores.support(index))),
                ]
                entry["precision"] = scores.precision(index).map { JSONValue($0, places: 4) }
                entry["recall"] = scores.recall(index).map(interval)
                entry["f1"] = scores.f1(index).map { JSONValue($0, places: 4) }
                return .object(entry)
            })
        object["confusion"] = .array(scores.confusion.map { .numbers($0.map(Double.init)) })
        return .object(object)
    }

    private func hardshipJSON(_ hardship: Hardship) -> JSONValue {
        var object = conditionJSON(hardship.condition)
        for (model, score) in zip(models, hardship.scores) { object[model.role.rawValue] = JSONValue(score, places: 4) }
        return .object(object)
    }

    private func focusJSON(_ row: FocusComparison.Row) -> JSONValue {
        func recall(_ recall: FocusComparison.Recall) -> JSONValue {
            .object(["plain": JSONValue(recall.plain, places: 4), "focused": JSONValue(recall.focused, places: 4)])
        }
        var object = conditionJSON(row.condition)
        object["focus"] = recall(row.focus)
        object["others"] = recall(row.others)
        object["classes"] = .object(
            zip(task.classes, row.classes).reduce(into: JSONObject()) { $0[$1.0.name] = $1.1.map(recall) })
        return .object(object)
    }

    private func conditionJSON(_ condition: Robustness.Condition) -> JSONObject {
        var object = JSONObject()
        switch condition {
        case .clean: object["condition"] = .string("clean")
        case .noise(let deviations):
            object["condition"] = .string("noise")
            object["deviations"] = JSONValue(Double(deviations), places: 4)
        case .rotation(let degrees):
            object["condition"] = .string("rotation")
            object["degrees"] = JSONValue(Double(degrees), places: 1)
        case .lostChannel(let channel):
            object["condition"] = .string("lostChannel")
            object["channel"] = .string(task.channels[channel].name)
        }
        return object
    }

    private static func comparisonJSON(_ report: DistillationComparison.Report) -> JSONValue {
        .object([
            "teachers": .array(report.teachers.map { JSONValue($0, places: 4) }),
            "methods": .array(
                report.rows.map { row in
                    var object: JSONObject = [
                        "method": .string(row.method.rawValue),
                        "qualities": .array(row.qualities.map { JSONValue($0, places: 4) }),
                        "mean": JSONValue(row.mean, places: 4),
                        "standardDeviation": JSONValue(row.deviation, places: 4),
                    ]
                    if !row.teachers.isEmpty {
                        object["teachers"] = .array(row.teachers.map { JSONValue($0, places: 4) })
                    }
                    object["agreement"] = row.agreement.map { JSONValue($0, places: 4) }
                    return .object(object)
                }),
            "seconds": JSONValue(report.seconds, places: 1),
        ])
    }

    private static func interval(_ interval: ScoreInterval) -> JSONValue {
        bounds(interval.value, interval.low, interval.high, places: 4)
    }

    private static func bounds(_ value: Double, _ low: Double, _ high: Double, places: Int) -> JSONValue {
        .object([
            "value": JSONValue(value, places: places), "low": JSONValue(low, places: places),
            "high": JSONValue(high, places: places),
        ])
    }
}
