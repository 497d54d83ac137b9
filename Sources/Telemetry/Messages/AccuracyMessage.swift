public import JSON

/// How right one version of a model is, and what its decisions cost, retained on `accuracy/{model}/{version}`.
///
/// One decision counts per window; it is scored where a truth (or, where a model has no truth, a label) covers its
/// window wholly. Of a model with several heads the counts and the accuracy are of all heads' decisions together, and
/// ``heads`` says how each does.
public struct AccuracyMessage: MessagePayload {
    /// What decisions were compared with.
    public enum Basis: String, Sendable, CaseIterable { case truth, label }

    /// One class among all, of the decisions scored.
    public struct ClassScore: Sendable, Equatable {
        public var label: String
        /// Windows that are of this class.
        public var support: Int
        public var precision: Double
        public var recall: Double
        public var f1: Double

        public init(label: String, support: Int, precision: Double, recall: Double, f1: Double) {
            self.label = label
            self.support = support
            self.precision = precision
            self.recall = recall
            self.f1 = f1
        }
    }

    /// Wall time of the student's run on one window, microseconds.
    public struct Latency: Sendable, Equatable {
        public var median: Double
        public var p95: Double
        public var p99: Double

        public init(median: Double, p95: Double, p99: Double) {
            self.median = median
            self.p95 = p95
            self.p99 = p99
        }

        init(reader: JSONObjectReader) throws(JSONError) {
            median = try reader.number("p50")
            p95 = try reader.number("p95")
            p99 = try reader.number("p99")
        }

        var json: JSONValue {
            .object([
                "p50": JSONValue(median, places: 1), "p95": JSONValue(p95, places: 1), "p99": JSONValue(p99, places: 1),
            ])
        }
    }

    public var t: Double
    /// Device times of the first window's start and the last window's end.
    public var from: Double
    public var to: Double
    /// Absent while nothing is scored.
    public var basis: Basis?
    /// Windows decided, each counted once.
    public var decisions: Int
    public var scored: Int
    /// Windows that a truth or label covers in part only.
    public var mixed: Int
    /// Scored over decisions.
    public var coverage: Double
    /// Of the student's own decisions, before any verdict.
    public var accuracy: ScoreInterval?
    /// Of the decisions that stood in the end: the cloud's where it was asked in time.
    public var withCloud: ScoreInterval?
    /// Mean of the F1 of the classes that occur in truth or decisions.
    public var macroF1: Double?
    /// Expected calibration error, ten bins.
    public var calibrationError: Double?
    /// Regression alone.
    public var errors: ValueErrors?
    /// Share of the decisions that the cloud made in the end.
    public var decidedByCloud: Double
    public var latency: Latency?
    public var teacher: TeacherScore?
    public var joulesPerInference: JoulesFigure?
    /// Joules per inference over the share that is right.
    public var joulesPerCorrect: JoulesFigure?
    public var perClass: [ClassScore]
    /// Nothing for a regression, several heads, or more classes than ``ConfusionTable/capacity``.
    public var confusion: ConfusionTable?
    /// By name; empty where the model has one alone.
    public var heads: [String: HeadScore]

    public init(
        t: Double, from: Double, to: Double, basis: Basis? = nil, decisions: Int, scored: Int = 0, mixed: Int = 0,
        coverage: Double = 0, accuracy: ScoreInterval? = nil, withCloud: ScoreInterval? = nil, macroF1: Double? = nil,
        calibrationError: Double? = nil, errors: ValueErrors? = nil, decidedByCloud: Double = 0,
        latency: Latency? = nil, teacher: TeacherScore? = nil, joulesPerInference: JoulesFigure? = nil,
        joulesPerCorrect: JoulesFigure? = nil, perClass: [ClassScore] = [],
        confusion: ConfusionTable? = nil, heads: [String: HeadScore] = [:]
    ) {
        self.t = t
        self.from = from
        self.to = to
        self.basis = basis
        self.decisions = decisions
        self.scored = scored
        self.mixed = mixed
        self.coverage = coverage
        self.accuracy = accuracy
        self.withCloud = withCloud
        self.macroF1 = macroF1
        self.calibrationError = calibrationError
        self.errors = errors
        self.decidedByCloud = decidedByCloud
        self.latency = latency
        self.teacher = teacher
        self.joulesPerInference = joulesPerInference
        self.joulesPerCorrect = joulesPerCorrect
        self.perClass = perClass
        self.confusion = confusion
        self.heads = heads
    }

    public init(json: JSONValue) throws(JSONError) {
        let reader = try JSONObjectReader(json)
        t = try reader.time("t")
        from = try reader.time("from")
        to = try reader.time("to")
        basis = reader.object["basis"] == nil ? nil : try reader.word("basis")
        decisions = try reader.tally("decisions")
        scored = try reader.tally("scored")
        mixed = try reader.tally("mixed")
        coverage = try reader.share("coverage")
        accuracy = try reader.interval("accuracy")
        withCloud = try reader.interval("withCloud")
        macroF1 = try reader.optionalShare("macroF1")
        calibrationError = try reader.optionalShare("ece")
        errors = try ValueErrors(reader: reader)
        decidedByCloud = try reader.share("decidedByCloud")
        latency = try reader.optionalObject("latencyUs").map { (latency) throws(JSONError) in
            try Latency(reader: latency)
        }
        teacher = try reader.optionalObject("teacher").map { (teacher) throws(JSONError) in
            try TeacherScore(reader: teacher)
        }
        joulesPerInference = try reader.joules("joulesPerInference")
        joulesPerCorrect = try reader.joules("joulesPerCorrect")
        perClass = []
        for (index, element) in (try reader.optionalElements("perClass") ?? []).enumerated() {
            let entry = try JSONObjectReader(element, path: "perClass[\(index)]")
            perClass.append(
                ClassScore(
                    label: try entry.string("label"), support: try entry.tally("support"),
                    precision: try entry.share("precision"), recall: try entry.share("recall"),
                    f1: try entry.share("f1")))
        }
        confusion = try reader.optionalObject("confusion").map { (confusion) throws(JSONError) in
            try ConfusionTable(reader: confusion)
        }
        heads = try reader.entries("heads") { (heads, name) throws(JSONError) in
            try HeadScore(reader: try heads.object(name))
        }
    }

    public var json: JSONValue {
        var object: JSONObject = ["t": .time(t), "from": .time(from), "to": .time(to)]
        object["basis"] = basis.map { .string($0.rawValue) }
        object["decisions"] = .count(decisions)
        object["scored"] = .count(scored)
        object["mixed"] = .count(mixed)
        object["coverage"] = JSONValue(coverage, places: 4)
        object["accuracy"] = accuracy?.json
        object["withCloud"] = withCloud?.json
        object["macroF1"] = macroF1.map { JSONValue($0, places: 4) }
        object["ece"] = calibrationError.map { JSONValue($0, places: 4) }
        errors?.write(to: &object)
        object["decidedByCloud"] = JSONValue(decidedByCloud, places: 4)
        object["latencyUs"] = latency?.json
        object["teacher"] = teacher?.json
        object["joulesPerInference"] = joulesPerInference?.json
        object["joulesPerCorrect"] = joulesPerCorrect?.json
        if !perClass.isEmpty {
            object["perClass"] = .array(
                perClass.map {
                    .object([
                        "label": .string($0.label), "support": .count($0.support),
                        "precision": JSONValue($0.precision, places: 4), "recall": JSONValue($0.recall, places: 4),
                        "f1": JSONValue($0.f1, places: 4),
                    ])
                })
        }
        object["confusion"] = confusion?.json
        if !heads.isEmpty { object["heads"] = .entries(heads, \.json) }
        return .object(object)
    }
}
