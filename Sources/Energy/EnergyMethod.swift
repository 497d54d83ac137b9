/// How a figure of energy came about, strongest first.
public enum EnergyMethod: String, Sendable, CaseIterable, Comparable {
    /// One meter, its whole stated scope.
    case measured
    /// A measured total split by a stated rule.
    case apportioned
    /// A device profile times time, bytes or messages.
    case modelled

    public static func < (a: Self, b: Self) -> Bool { a.rank < b.rank }

    private var rank: Int {
        switch self {
        case .measured: 0
        case .apportioned: 1
        case .modelled: 2
        }
    }
}
