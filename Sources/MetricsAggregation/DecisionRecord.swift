/// All that is known of one window of one model on one device.
struct DecisionRecord: Sendable, Equatable {
    /// Start of the window by its id, milliseconds since 1970; names it within its series.
    var start: Int64
    /// Bounds of the window, microseconds since 1970.
    var from: Int64
    var to: Int64
    /// Unix seconds by our clock.
    var arrival: Double
    /// Minutes since 1970 at which the edge decided, by its wall clock.
    var minute: Int32 = 0
    var version: Int32 = 0
    /// Name of the edge whose decision counts.
    var edge: Int32 = -1
    /// The student's own decision.
    var student: Answer = .none
    var studentConfidence: Float = 0
    var latency: Float = 0
    /// The decision of the highest revision; −1 while there is none.
    var final: Answer = .none
    var finalConfidence: Float = 0
    var revision: Int32 = -1
    var isByCloud = false
    var verdict: Answer = .none
    var truth: Answer = .none
    var label: Answer = .none
    /// Changed since the last flush.
    var isDirty = false

    init(start: Int64, from: Int64, to: Int64, arrival: Double) {
        self.start = start
        self.from = from
        self.to = to
        self.arrival = arrival
    }

    /// Whether a decision has come, not only a verdict.
    var isDecided: Bool { revision >= 0 }

    func outcome(_ basis: Basis) -> Answer { basis == .truth ? truth : label }

    mutating func setOutcome(_ basis: Basis, _ answer: Answer) {
        if basis == .truth { truth = answer } else { label = answer }
    }
}

/// What decisions are compared with; `truth/` never mixes with `label/`.
enum Basis: Int, Sendable, CaseIterable { case truth = 0, label = 1 }
