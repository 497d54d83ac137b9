/// With what the command line ends. `retort --help` and docs/operations.md show the same table.
enum ExitStatus: Int32, CaseIterable {
    case done = 0
    case failed = 1
    case warnings = 2
    case usage = 64
    case badData = 65
    case notThere = 66
    case noAnswer = 69
    case cannotWrite = 73
    case notYet = 75
    case notAllowed = 77
    case interrupted = 130

    var meaning: String {
        switch self {
        case .done: "done; what was asked holds"
        case .failed: "it failed, or the answer is no: a job failed, a student does not fit, doctor found an error"
        case .warnings: "doctor found warnings and no error"
        case .usage: "a wrong option or argument; nothing was done"
        case .badData: "a file's content does not allow it; the message says what to change"
        case .notThere: "no such file, device, model, edge or job"
        case .noAnswer: "no broker answers, the service that was asked does not, or a program is missing"
        case .cannotWrite: "an output cannot be written"
        case .notYet: "the time given was over first; what was begun goes on"
        case .notAllowed: "the broker refuses: password, access list"
        case .interrupted: "stopped by Ctrl-C before it was done"
        }
    }

    /// The table as `--help` shows it.
    static var table: String {
        allCases.map { status in
            let code = "\(status.rawValue)"
            return "  \(code)\(String(repeating: " ", count: 5 - code.count))\(status.meaning)"
        }.joined(separator: "\n")
    }
}

/// Why a command ends otherwise than done.
struct CommandFailure: Error {
    let status: ExitStatus
    /// For people; nothing where the output says it already.
    let message: String?

    init(_ status: ExitStatus, _ message: String? = nil) {
        self.status = status
        self.message = message
    }
}
