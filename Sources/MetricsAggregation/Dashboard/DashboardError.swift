/// What keeps the dashboard from doing what was asked.
struct DashboardError: Error, CustomStringConvertible {
    /// For people: what is wrong with what they asked.
    let message: String
    var description: String { message }

    init(_ message: String) { self.message = message }
}
