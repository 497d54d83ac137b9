import JSON

/// What was said of windows of each class: rows are what they were, columns what was said.
public struct ConfusionTable: Sendable, Equatable {
    /// Classes shown at most.
    public static let capacity = 64

    /// In order.
    public var labels: [String]
    public var student: [[Int]]
    /// On the windows with a verdict; empty where there is none.
    public var teacher: [[Int]]

    public init(labels: [String], student: [[Int]], teacher: [[Int]] = []) {
        self.labels = labels
        self.student = student
        self.teacher = teacher
    }

    init(reader: JSONObjectReader) throws(JSONError) {
        labels = try reader.strings("labels")
        student = try reader.counts("student", labels.count)
        teacher = reader.object["teacher"] == nil ? [] : try reader.counts("teacher", labels.count)
    }

    var json: JSONValue {
        func rows(_ counts: [[Int]]) -> JSONValue { .array(counts.map { .array($0.map(JSONValue.count)) }) }
        var object: JSONObject = ["labels": .array(labels.map(JSONValue.string)), "student": rows(student)]
        if !teacher.isEmpty { object["teacher"] = rows(teacher) }
        return .object(object)
    }
}

extension JSONObjectReader {
    /// A square of counts that are not below 0.
    fileprivate func counts(_ key: String, _ size: Int) throws(JSONError) -> [[Int]] {
        let rows = try elements(key).map { row in
            (row.elements ?? []).compactMap { $0.integer.flatMap(Int.init(exactly:)) }.filter { $0 >= 0 }
        }
        guard rows.count == size, rows.allSatisfy({ $0.count == size }) else {
            throw JSONError(.wrongType, "\(key): must be \(size) rows of \(size) counts")
        }
        return rows
    }
}
