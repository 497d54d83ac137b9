/// A message as `mosquitto_sub` prints it, on a line of its own.
///
/// `-v` prints topic, a space, payload; `-F '%t\t%p'` has a tab between them, for topics with spaces; and
/// `-F '%U\t%t\t%p'` also says when it came.
struct RecordedMessage: Equatable {
    /// Unix seconds of its arrival, where the line says so.
    var arrival: Double?
    var topic: String
    var payload: [UInt8]

    init?(line: String) {
        var rest = line[...]
        if let gap = rest.firstIndex(of: "\t"), let time = Double(rest[..<gap]), time > 9e8,
            rest[rest.index(after: gap)...].contains("\t")
        {
            arrival = time
            rest = rest[rest.index(after: gap)...]
        }
        guard let gap = rest.firstIndex(of: "\t") ?? rest.firstIndex(of: " ") else { return nil }
        topic = String(rest[..<gap])
        payload = Array(rest[rest.index(after: gap)...].utf8)
    }
}
