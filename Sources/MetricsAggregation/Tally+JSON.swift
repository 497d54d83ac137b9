import JSON

/// Counts in the form they are stored in.
extension VersionTally {
    var json: JSONValue {
        .object([
            "decisions": .integer(Int64(decisions)), "byCloud": .integer(Int64(byCloud)), "from": .integer(from),
            "to": .integer(to), "verdicts": .integer(Int64(verdicts)), "agreements": .integer(Int64(agreements)),
            "latency": .integers(latency.buckets.sorted { $0.key < $1.key }.flatMap { [Int($0.key), $0.value] }),
            "truth": truth.json, "label": label.json,
        ])
    }

    init(json: JSONValue) throws(JSONError) {
        let reader = try JSONObjectReader(json)
        decisions = try reader.integer("decisions")
        byCloud = try reader.integer("byCloud")
        from = Int64(try reader.integer("from"))
        to = Int64(try reader.integer("to"))
        verdicts = try reader.integer("verdicts")
        agreements = try reader.integer("agreements")
        let pairs = try reader.integers("latency", multipleOf: 2)
        var buckets: [Int32: Int] = [:]
        for at in stride(from: 0, to: pairs.count, by: 2) {
            buckets[Int32(truncatingIfNeeded: pairs[at])] = pairs[at + 1]
        }
        latency = LatencyHistogram(buckets: buckets)
        truth = try BasisTally(reader: try reader.object("truth"))
        label = try BasisTally(reader: try reader.object("label"))
    }
}

extension BasisTally {
    var json: JSONValue {
        let cells = confusion.cells.sorted { ($0.key.truth, $0.key.decided) < ($1.key.truth, $1.key.decided) }
        return .object([
            "scored": .integer(Int64(scored)), "correct": .integer(Int64(correct)), "mixed": .integer(Int64(mixed)),
            "finalScored": .integer(Int64(finalScored)), "finalCorrect": .integer(Int64(finalCorrect)),
            "teacherScored": .integer(Int64(teacherScored)), "teacherCorrect": .integer(Int64(teacherCorrect)),
            "studentCorrectThere": .integer(Int64(studentCorrectThere)),
            "cells": .integers(cells.flatMap { [Int($0.key.truth), Int($0.key.decided), $0.value] }),
            "bins": .integers(calibration.decisions + calibration.correct + calibration.confidence),
            "values": .integer(Int64(errors.values)), "absoluteError": .double(errors.absolute),
            "squaredError": .double(errors.squared), "teacherErrors": teacherErrors.json,
        ])
    }

    init(reader: JSONObjectReader) throws(JSONError) {
        scored = try reader.integer("scored")
        correct = try reader.integer("correct")
        mixed = try reader.integer("mixed")
        finalScored = try reader.integer("finalScored")
        finalCorrect = try reader.integer("finalCorrect")
        teacherScored = try reader.integer("teacherScored")
        teacherCorrect = try reader.integer("teacherCorrect")
        studentCorrectThere = try reader.integer("studentCorrectThere")
        let cells = try reader.integers("cells", multipleOf: 3)
        for at in stride(from: 0, to: cells.count, by: 3) {
            confusion.add(
                truth: Int32(truncatingIfNeeded: cells[at]), decided: Int32(truncatingIfNeeded: cells[at + 1]),
                cells[at + 2])
        }
        let count = CalibrationBins.count
        let bins = try reader.integers("bins", multipleOf: 3 * count)
        guard bins.count == 3 * count else { throw JSONError(.wrongType, "bins: expected \(3 * count) counts") }
        calibration = CalibrationBins(
            decisions: Array(bins[..<count]), correct: Array(bins[count..<2 * count]),
            confidence: Array(bins[(2 * count)...]))
        errors = ErrorSum(
            values: try reader.integer("values"), absolute: try reader.number("absoluteError"),
            squared: try reader.number("squaredError"))
        // Older stores have none.
        teacherErrors = try reader.optionalObject("teacherErrors").map(ErrorSum.init) ?? ErrorSum()
    }
}

extension ErrorSum {
    var json: JSONValue {
        .object([
            "values": .integer(Int64(values)), "absolute": .double(absolute), "squared": .double(squared),
        ])
    }

    init(_ reader: JSONObjectReader) throws(JSONError) {
        values = try reader.integer("values")
        absolute = try reader.number("absolute")
        squared = try reader.number("squared")
    }
}

extension DecisionSeries {
    /// What stays of a series when its records are gone.
    var sealedJSON: JSONValue {
        var object: JSONObject = [
            "windows": .integer(Int64(sealed.windows)), "scored": .integers(sealed.scored),
            "correct": .integers(sealed.correct), "errors": .array(sealed.errors.map(\.json)),
            "longest": .integer(longest),
            "ranges": .integers(sealedRanges.ranges.flatMap { [Int($0.lowerBound), Int($0.upperBound)] }),
        ]
        if let last {
            object["to"] = .integer(last.to)
            object["version"] = .integer(Int64(last.version))
            object["confidence"] = .double(Double(last.confidence))
            switch last.answer {
            case .label(let label): object["label"] = .integer(Int64(label))
            case .value(let value): object["value"] = .double(value)
            case .none, .mixed: break
            }
        }
        return .object(object)
    }

    init(key: Key, sealedJSON: JSONValue) throws(JSONError) {
        self.init(key: key)
        let reader = try JSONObjectReader(sealedJSON)
        sealed.windows = try reader.integer("windows")
        sealed.scored = try reader.integers("scored", multipleOf: 2)
        sealed.correct = try reader.integers("correct", multipleOf: 2)
        // Older stores have none.
        if let errors = try reader.optionalElements("errors") {
            sealed.errors = try errors.map { (element) throws(JSONError) in
                try ErrorSum(try JSONObjectReader(element, path: "errors"))
            }
        }
        longest = Int64(try reader.integer("longest"))
        let bounds = try reader.integers("ranges", multipleOf: 2)
        var ranges: [ClosedRange<Int64>] = []
        for at in stride(from: 0, to: bounds.count, by: 2) {
            guard bounds[at] <= bounds[at + 1] else { throw JSONError(.wrongType, "ranges: one ends before it begins") }
            ranges.append(Int64(bounds[at])...Int64(bounds[at + 1]))
        }
        sealedRanges = SealedRanges(ranges: ranges)
        guard sealed.scored.count == 2, sealed.correct.count == 2, sealed.errors.count == 2 else {
            throw JSONError(.wrongType, "scored, correct, errors: two each")
        }
        live = sealed
        if let to = try reader.optionalInteger("to") {
            var answer = Answer.none
            if let label = try reader.optionalInteger("label") { answer = .label(Int32(truncatingIfNeeded: label)) }
            if let value = try reader.optionalNumber("value") { answer = .value(value) }
            last = Last(
                to: Int64(to), version: Int32(truncatingIfNeeded: try reader.integer("version")), answer: answer,
                confidence: Float(try reader.number("confidence")))
        }
    }
}

extension JSONValue {
    /// Integers in a row.
    static func integers(_ values: [Int]) -> JSONValue { .array(values.map { .integer(Int64($0)) }) }
}

extension JSONObjectReader {
    func integers(_ key: String, multipleOf count: Int) throws(JSONError) -> [Int] {
        let elements = try elements(key)
        let integers = elements.compactMap { $0.integer.flatMap(Int.init(exactly:)) }
        guard integers.count == elements.count, integers.count % count == 0 else {
            throw JSONError(.wrongType, "\(key): expected integers in groups of \(count)")
        }
        return integers
    }
}
