import Recordings

/// One thing that a study learns: classes, or a number.
public struct StudyTarget: Sendable, Equatable {
    public var name: String
    /// Empty for a number.
    public var classes: [String]

    public var isValue: Bool { classes.isEmpty }

    /// A target with what each of the label's values stands for.
    struct Reading {
        var target: StudyTarget
        /// For each of the label's values the class index, or the number.
        var values: [Float]
    }

    /// Classes that are more than this are taken for a number read as classes.
    private static let mostClasses = 64

    static func read(_ label: ReadingsTable.Label, isValue: Bool) throws(StudyError) -> Reading {
        let numbers = label.values.map { Double($0) }
        if isValue {
            var values: [Float] = []
            for (text, number) in zip(label.values, numbers) {
                guard let number, number.isFinite else {
                    throw StudyError(
                        .labels, "\"\(text)\" in \(label.name) is no number, which --regression predicts")
                }
                values.append(Float(number))
            }
            guard Set(values).count >= 2 else {
                throw StudyError(
                    .labels, "\(label.name) is always \(label.values.first ?? "empty"): nothing to predict")
            }
            return Reading(target: StudyTarget(name: label.name, classes: []), values: values)
        }
        guard label.values.count >= 2 else {
            let found = label.values.first.map { "only the class \"\($0)\"" } ?? "no class at all"
            throw StudyError(
                .labels, "\(label.name) has \(found): at least two are needed. Give more files, or another --label")
        }
        guard label.values.count <= mostClasses else {
            let advice = numbers.allSatisfy { $0 != nil } ? "; for a number to predict use --regression" : ""
            throw StudyError(
                .labels,
                "\(label.name) has \(label.values.count) different values; a student tells at most "
                    + "\(mostClasses) classes apart\(advice)")
        }
        // Numbers stand in their order, names as they come.
        var order = Array(label.values.indices)
        let known = numbers.compactMap(\.self)
        if known.count == order.count { order.sort { known[$0] < known[$1] } }
        var values = [Float](repeating: 0, count: order.count)
        for (place, value) in order.enumerated() { values[value] = Float(place) }
        return Reading(
            target: StudyTarget(name: label.name, classes: order.map { label.values[$0] }), values: values)
    }
}
