import ModelArtifact
import ModelDelta

/// How large the update from a deployed student to the next may be.
public enum UpdateBudget: Sendable, Equatable, CustomStringConvertible {
    case bytes(Int)
    /// Of the next student as a whole, in zstd.
    case share(Double)

    /// Reads `700` (bytes) or `10%`.
    public init?(_ text: String) {
        if text.hasSuffix("%"), let percent = Double(text.dropLast()), percent > 0, percent <= 100 {
            self = .share(percent / 100)
        } else if let bytes = Int(text), bytes > 0 {
            self = .bytes(bytes)
        } else {
            return nil
        }
    }

    public var description: String {
        switch self {
        case .bytes(let bytes): "\(bytes) bytes"
        case .share(let share): "\((share * 1000).rounded() / 10) %"
        }
    }

    /// Bytes of the frame that takes one student to another.
    static func size(from base: Student, to student: Student) throws -> Int {
        try DeltaCodec.encode(base: base.encode(), target: student.encode()).bytes.count
    }

    /// - Parameter student: the next one, without regard to any budget.
    func bytes(of student: Student) throws -> Int {
        switch self {
        case .bytes(let bytes): bytes
        case .share(let share):
            Int(share * Double(try DeltaCodec.encode(base: nil, target: student.encode()).bytes.count))
        }
    }
}
