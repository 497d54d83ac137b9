public import JSON

/// The whole fleet at a glance, retained on `fleet/summary`.
public struct FleetSummary: MessagePayload {
    /// How many there are of something, and how many of them are there now.
    public struct Population: Sendable, Equatable {
        public var known: Int
        public var online: Int

        public init(known: Int, online: Int) {
            self.known = known
            self.online = online
        }

        init(reader: JSONObjectReader) throws(JSONError) {
            known = try reader.tally("known")
            online = try reader.tally("online")
        }

        var json: JSONValue { .object(["known": .count(known), "online": .count(online)]) }
    }

    /// A model by the scores of the newest version that edges run.
    public struct Model: Sendable, Equatable {
        public var version: Int?
        /// What the registry wants edges to run.
        public var desired: Int?
        public var basis: AccuracyMessage.Basis?
        public var scored: Int
        public var accuracy: ScoreInterval?
        /// Regression alone.
        public var errors: ValueErrors?
        /// How each head does, where there are several.
        public var heads: [String: HeadScore]
        public var teacher: TeacherScore?
        public var joulesPerInference: JoulesFigure?
        public var joulesPerCorrect: JoulesFigure?

        public init(
            version: Int? = nil, desired: Int? = nil, basis: AccuracyMessage.Basis? = nil, scored: Int = 0,
            accuracy: ScoreInterval? = nil, errors: ValueErrors? = nil, heads: [String: HeadScore] = [:],
            teacher: TeacherScore? = nil, joulesPerInference: JoulesFigure? = nil,
            joulesPerCorrect: JoulesFigure? = nil
        ) {
            self.version = version
            self.desired = desired
            self.basis = basis
            self.scored = scored
            self.accuracy = accuracy
            self.errors = errors
            self.heads = heads
            self.teacher = teacher
            self.joulesPerInference = joulesPerInference
            self.joulesPerCorrect = joulesPerCorrect
        }

        init(reader: JSONObjectReader) throws(JSONError) {
            version = try reader.optionalInteger("version")
            desired = try reader.optionalInteger("desired")
            basis = reader.object["basis"] == nil ? nil : try reader.word("basis")
            scored = try reader.tally("scored")
            accuracy = try reader.interval("accuracy")
            errors = try ValueErrors(reader: reader)
            heads = try reader.entries("heads") { (heads, name) throws(JSONError) in
                try HeadScore(reader: try heads.object(name))
            }
            teacher = try reader.optionalObject("teacher").map { (teacher) throws(JSONError) in
                try TeacherScore(reader: teacher)
            }
            joulesPerInference = try reader.joules("joulesPerInference")
            joulesPerCorrect = try reader.joules("joulesPerCorrect")
        }

        var json: JSONValue {
            var object = JSONObject()
            object["version"] = version.map(JSONValue.count)
            object["desired"] = desired.map(JSONValue.count)
            object["basis"] = basis.map { .string($0.rawValue) }
            object["scored"] = .count(scored)
            object["accuracy"] = accuracy?.json
            errors?.write(to: &object)
            if !heads.isEmpty { object["heads"] = .entries(heads, \.json) }
            object["teacher"] = teacher?.json
            object["joulesPerInference"] = joulesPerInference?.json
            object["joulesPerCorrect"] = joulesPerCorrect?.json
            return .object(object)
        }
    }

    /// A training job by its last word.
    public struct Job: Sendable, Equatable {
        public var model: String
        public var phase: JobProgress.Phase
        public var fraction: Double
        public var secondsLeft: Double?

        public init(model: String, phase: JobProgress.Phase, fraction: Double, secondsLeft: Double? = nil) {
            self.model = model
            self.phase = phase
            self.fraction = fraction
            self.secondsLeft = secondsLeft
        }

        init(reader: JSONObjectReader) throws(JSONError) {
            model = try reader.string("model")
            phase = try reader.word("phase")
            fraction = try reader.share("fraction")
            secondsLeft = try reader.optionalNumber("secondsLeft")
        }

        var json: JSONValue {
            var object: JSONObject = [
                "model": .string(model), "phase": .string(phase.rawValue), "fraction": JSONValue(fraction, places: 3),
            ]
            object["secondsLeft"] = secondsLeft.map { JSONValue($0, places: 1) }
            return .object(object)
        }
    }

    public var t: Double
    public var devices: Population
    public var edges: Population
    /// Windows decided since the records began, each counted once.
    public var windows: Int
    /// Windows decided a second, over the last ten seconds of wall time.
    public var windowsPerSecond: Double
    /// Wall time of the first decision on record.
    public var firstInference: Double?
    /// Share of the decisions that the cloud made in the end.
    public var decidedByCloud: Double
    /// Version of each model on each edge: `{"north/gw-north": {"activity": 2}}`.
    public var running: [String: [String: Int]]
    public var models: [String: Model]
    /// Bytes moved, by cause: `updates` to edges, `uploads` from them.
    public var bytes: [String: Int]
    /// Of all edges, by cause.
    public var joules: [String: JoulesFigure]
    public var jobs: [String: Job]

    public init(
        t: Double, devices: Population, edges: Population, windows: Int = 0, windowsPerSecond: Double = 0,
        firstInference: Double? = nil, decidedByCloud: Double = 0, running: [String: [String: Int]] = [:],
        models: [String: Model] = [:], bytes: [String: Int] = [:], joules: [String: JoulesFigure] = [:],
        jobs: [String: Job] = [:]
    ) {
        self.t = t
        self.devices = devices
        self.edges = edges
        self.windows = windows
        self.windowsPerSecond = windowsPerSecond
        self.firstInference = firstInference
        self.decidedByCloud = decidedByCloud
        self.running = running
        self.models = models
        self.bytes = bytes
        self.joules = joules
        self.jobs = jobs
    }

    public init(json: JSONValue) throws(JSONError) {
        let reader = try JSONObjectReader(json)
        t = try reader.time("t")
        devices = try Population(reader: try reader.object("devices"))
        edges = try Population(reader: try reader.object("edges"))
        windows = try reader.tally("windows")
        windowsPerSecond = try reader.number("windowsPerSecond")
        firstInference = reader.object["firstInference"] == nil ? nil : try reader.time("firstInference")
        decidedByCloud = try reader.share("decidedByCloud")
        running = try reader.entries("running") { (edges, edge) throws(JSONError) in
            try edges.entries(edge) { (models, model) throws(JSONError) in try models.positive(model) }
        }
        models = try reader.entries("models") { (models, name) throws(JSONError) in
            try Model(reader: try models.object(name))
        }
        bytes = try reader.entries("bytes") { (causes, cause) throws(JSONError) in try causes.tally(cause) }
        joules = try reader.entries("joules") { (causes, cause) throws(JSONError) in
            try JoulesFigure(reader: try causes.object(cause))
        }
        jobs = try reader.entries("jobs") { (jobs, id) throws(JSONError) in try Job(reader: try jobs.object(id)) }
    }

    public var json: JSONValue {
        var object: JSONObject = [
            "t": .time(t), "devices": devices.json, "edges": edges.json, "windows": .count(windows),
            "windowsPerSecond": JSONValue(windowsPerSecond, places: 1),
        ]
        object["firstInference"] = firstInference.map(JSONValue.time)
        object["decidedByCloud"] = JSONValue(decidedByCloud, places: 4)
        object["running"] = .entries(running) { .entries($0, JSONValue.count) }
        object["models"] = .entries(models, \.json)
        object["bytes"] = .entries(bytes, JSONValue.count)
        object["joules"] = .entries(joules, \.json)
        object["jobs"] = .entries(jobs, \.json)
        return .object(object)
    }
}
