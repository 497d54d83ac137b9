/// Scores of decisions against truths, or against labels.
struct BasisTally: Sendable, Equatable {
    /// The student's own decisions.
    var scored = 0
    var correct = 0
    /// Windows covered in part.
    var mixed = 0
    /// The decisions that stood in the end.
    var finalScored = 0
    var finalCorrect = 0
    /// Windows that also have a verdict.
    var teacherScored = 0
    var teacherCorrect = 0
    var studentCorrectThere = 0
    var confusion = ConfusionMatrix()
    /// The verdicts', on the windows that have one.
    var teacherConfusion = ConfusionMatrix()
    var calibration = CalibrationBins()
    /// Regression: errors of the decisions, and of the verdicts.
    var errors = ErrorSum()
    var teacherErrors = ErrorSum()

    /// Adds (1) or takes back (−1) what a record says.
    mutating func apply(_ record: DecisionRecord, outcome: Answer, _ amount: Int) {
        if outcome == .mixed { mixed += amount }
        guard outcome.isScorable else { return }
        if record.final.isScorable {
            finalScored += amount
            if record.final == outcome { finalCorrect += amount }
        }
        guard record.student.isScorable else { return }
        let isCorrect = record.student == outcome
        if record.verdict.isScorable {
            teacherScored += amount
            if record.verdict == outcome { teacherCorrect += amount }
            if isCorrect { studentCorrectThere += amount }
            if case (.label(let truth), .label(let said)) = (outcome, record.verdict) {
                teacherConfusion.add(truth: truth, decided: said, amount)
            }
        }
        switch (outcome, record.student) {
        case (.label(let truth), .label(let decided)):
            scored += amount
            if isCorrect { correct += amount }
            confusion.add(truth: truth, decided: decided, amount)
            calibration.add(confidence: record.studentConfidence, isCorrect: isCorrect, amount)
        case (.value(let truth), .value(let decided)):
            scored += amount
            errors.add(decided, truth: truth, amount)
            if case .value(let verdict) = record.verdict { teacherErrors.add(verdict, truth: truth, amount) }
        default: break
        }
    }

    mutating func add(_ other: BasisTally) {
        scored += other.scored
        correct += other.correct
        mixed += other.mixed
        finalScored += other.finalScored
        finalCorrect += other.finalCorrect
        teacherScored += other.teacherScored
        teacherCorrect += other.teacherCorrect
        studentCorrectThere += other.studentCorrectThere
        confusion.add(other.confusion)
        teacherConfusion.add(other.teacherConfusion)
        calibration.add(other.calibration)
        errors = errors + other.errors
        teacherErrors = teacherErrors + other.teacherErrors
    }
}
