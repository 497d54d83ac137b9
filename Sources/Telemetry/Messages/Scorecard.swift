import JSON

/// The figures of anything that decides: a fleet, site, edge, device or version, in all or within an interval of time.
///
/// Its keys stand beside those of the message that holds it. What is absent is unknown, never 0.
public struct Scorecard: Sendable, Equatable {
    /// Windows decided, each counted once.
    public var windows: Int
    public var scored: Int
    /// Windows that a truth or label covers in part only.
    public var mixed: Int
    /// What decisions were compared with; absent while nothing is scored.
    public var basis: AccuracyMessage.Basis?
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
    public var decidedByCloud: Double?
    public var latency: AccuracyMessage.Latency?
    /// Share of the windows with a verdict on which student and teacher say the same.
    public var agreement: ScoreInterval?
    /// The teacher's accuracy on the windows it was asked about.
    public var teacher: ScoreInterval?
    public var joulesPerInference: JoulesFigure?
    /// Joules per inference over the share that is right.
    public var joulesPerCorrect: JoulesFigure?
    /// By cause.
    public var joules: [String: JoulesFigure]
    /// Moved, by cause.
    public var bytes: [String: Int]

    public init(
        windows: Int = 0, scored: Int = 0, mixed: Int = 0, basis: AccuracyMessage.Basis? = nil,
        accuracy: ScoreInterval? = nil, withCloud: ScoreInterval? = nil, macroF1: Double? = nil,
        calibrationError: Double? = nil, errors: ValueErrors? = nil, decidedByCloud: Double? = nil,
        latency: AccuracyMessage.Latency? = nil, agreement: ScoreInterval? = nil, teacher: ScoreInterval? = nil,
        joulesPerInference: JoulesFigure? = nil, joulesPerCorrect: JoulesFigure? = nil,
        joules: [String: JoulesFigure] = [:], bytes: [String: Int] = [:]
    ) {
        self.windows = windows
        self.scored = scored
        self.mixed = mixed
        self.basis = basis
        self.accuracy = accuracy
        self.withCloud = withCloud
        self.macroF1 = macroF1
        self.calibrationError = calibrationError
        self.errors = errors
        self.decidedByCloud = decidedByCloud
        self.latency = latency
        self.agreement = agreement
        self.teacher = teacher
        self.joulesPerInference = joulesPerInference
        self.joulesPerCorrect = joulesPerCorrect
        self.joules = joules
        self.bytes = bytes
    }

    /// Scored over decided; nothing while nothing is decided.
    public var coverage: Double? { windows > 0 ? Double(scored) / Double(windows) : nil }

    init(reader: JSONObjectReader) throws(JSONError) {
        windows = try reader.tally("windows")
        scored = try reader.tally("scored")
        mixed = reader.object["mixed"] == nil ? 0 : try reader.tally("mixed")
        basis = reader.object["basis"] == nil ? nil : try reader.word("basis")
        accuracy = try reader.interval("accuracy")
        withCloud = try reader.interval("withCloud")
        macroF1 = try reader.optionalShare("macroF1")
        calibrationError = try reader.optionalShare("ece")
        errors = try ValueErrors(reader: reader)
        decidedByCloud = try reader.optionalShare("decidedByCloud")
        latency = try reader.optionalObject("latencyUs").map { (latency) throws(JSONError) in
            try AccuracyMessage.Latency(reader: latency)
        }
        agreement = try reader.interval("agreement")
        teacher = try reader.interval("teacher")
        joulesPerInference = try reader.joules("joulesPerInference")
        joulesPerCorrect = try reader.joules("joulesPerCorrect")
        joules = try reader.entries("joules") { (causes, cause) throws(JSONError) in
            try JoulesFigure(reader: try causes.object(cause))
        }
        bytes = try reader.entries("bytes") { (causes, cause) throws(JSONError) in try causes.tally(cause) }
    }

    var json: JSONValue {
        var object = JSONObject()
        write(to: &object)
        return .object(object)
    }

    func write(to object: inout JSONObject) {
        object["windows"] = .count(windows)
        object["scored"] = .count(scored)
        if mixed > 0 { object["mixed"] = .count(mixed) }
        object["coverage"] = coverage.map { JSONValue($0, places: 4) }
        object["basis"] = basis.map { .string($0.rawValue) }
        object["accuracy"] = accuracy?.json
        object["withCloud"] = withCloud?.json
        object["macroF1"] = macroF1.map { JSONValue($0, places: 4) }
        object["ece"] = calibrationError.map { JSONValue($0, places: 4) }
        errors?.write(to: &object)
        object["decidedByCloud"] = decidedByCloud.map { JSONValue($0, places: 4) }
        object["latencyUs"] = latency?.json
        object["agreement"] = agreement?.json
        object["teacher"] = teacher?.json
        object["joulesPerInference"] = joulesPerInference?.json
        object["joulesPerCorrect"] = joulesPerCorrect?.json
        if !joules.isEmpty { object["joules"] = .entries(joules, \.json) }
        if !bytes.isEmpty { object["bytes"] = .entries(bytes, JSONValue.count) }
    }
}
