import Energy
public import ModelArtifact
public import NeuralNetwork
import Recordings
import Telemetry

/// Readings as a study takes them: a task, windows to train on, and windows to test with.
public struct StudyData: Sendable {
    public var task: TaskDocument
    public var targets: [StudyTarget]
    /// Validation takes its part out of these; those without a target pass on what the teacher thinks.
    public var training: LabelledWindows
    /// Every one with a target.
    public var test: LabelledWindows
    public var facts: Facts

    /// What was read, for the report.
    public struct Facts: Sendable, Equatable {
        public var files: Int
        public var rows: Int
        /// Samples per second; `nil` where rows have no times.
        public var rate: Double?
        /// `groups`, `pattern` or `time`.
        public var method: String
        /// Whether groups are more than files.
        public var isGrouped: Bool
        public var trainingGroups: Int
        public var testGroups: [String]
        public var unlabelled: Int
        /// For each target and class the windows in training and in the test part.
        public var counts: [[(training: Int, test: Int)]]
        /// What was left out or looks odd, in sentences.
        public var notes: [String]

        public static func == (a: Facts, b: Facts) -> Bool {
            a.files == b.files && a.rows == b.rows && a.rate == b.rate && a.method == b.method
                && a.trainingGroups == b.trainingGroups && a.testGroups == b.testGroups && a.notes == b.notes
                && a.counts.map { $0.map { [$0.training, $0.test] } }
                    == b.counts.map { $0.map { [$0.training, $0.test] } }
        }
    }

    /// Fewer windows of a class than this teach nothing that could be told from chance.
    static let fewestWindows = 8

    /// Reads, cuts, splits and checks.
    ///
    /// - Throws: `RecordingError` or ``StudyError``, with what to change.
    public init(_ options: StudyOptions) throws {
        let conditions = try Self.conditions(options)
        let table = try ReadingsLoader.load(options.paths, layout: options.layout, conditions: conditions)
        var readings: [StudyTarget.Reading] = []
        for label in table.labels { readings.append(try StudyTarget.read(label, isValue: options.isRegression)) }
        guard !readings.isEmpty else { throw StudyError(.options, "name a column to learn with --label") }
        guard readings.count == 1 || !options.isRegression else {
            throw StudyError(.options, "--regression predicts one number: name one --label")
        }
        targets = readings.map(\.target)
        let cut = try Self.cut(table, options)
        let values = zip(cut.labels, readings).map { labels, reading in
            labels.map { $0 < 0 ? Float.nan : reading.values[$0] }
        }
        let classes = options.isRegression ? [] : values.map { $0.map { $0.isNaN ? -1 : Int($0) } }
        let split = try WindowSplit(cut, table, targets: classes, options: options)
        func windows(_ indices: [Int]) throws -> LabelledWindows {
            try StudyWindows.make(cut, values, groups: split.groups, indices)
        }
        let tested = split.test.filter { index in values.contains { !$0[index].isNaN } }
        training = try windows(split.training)
        test = try windows(tested)
        task = Self.task(table, cut, targets, options)
        let counts = Self.counts(targets, values, split.training, tested)
        facts = Facts(
            files: table.fileNames.count, rows: table.count, rate: table.isTimed ? table.rate : nil,
            method: split.method.rawValue, isGrouped: table.isGrouped,
            trainingGroups: Set(split.training.map { cut.groups[$0] }).count, testGroups: split.testNames,
            unlabelled: split.training.count { index in values.allSatisfy { $0[index].isNaN } }, counts: counts,
            notes: Self.notes(table, cut, split))
        try checkClasses()
        try checkChannels()
        if split.method != .time {
            try Self.checkLeakage(training, test) { place, isTest in
                table.groupNames[cut.groups[isTest ? tested[place] : split.training[place]]]
            }
        }
    }

    private static func conditions(_ options: StudyOptions) throws -> ConditionsTable? {
        guard let path = options.conditions else { return nil }
        guard let key = options.layout.key else {
            throw StudyError(.options, "--conditions needs --key: the column that both tables have")
        }
        return try ConditionsTable(path: path, key: key)
    }

    // MARK: Windows

    private static func cut(_ table: ReadingsTable, _ options: StudyOptions) throws -> CutWindows {
        var samples = options.window?.samples(at: table.rate)
        if samples == nil, options.conditions != nil { samples = lengthOfAll(table) }
        let window = samples ?? (table.isTimed ? max(20, Int((5 * table.rate).rounded())) : 1)
        guard window <= 4096, window * table.channels.count <= 1 << 20 else {
            throw StudyError(.options, "a window of \(window) samples is longer than 4096: choose a shorter --window")
        }
        let step = options.step?.samples(at: table.rate) ?? max(1, window / 2)
        let cut = CutWindows(table, samples: window, step: min(step, window), splitsAtLabels: !options.isRegression)
        guard cut.count > 0 else {
            if cut.incomplete > 0, let worst = cut.missing.indices.max(by: { cut.missing[$0] < cut.missing[$1] }) {
                throw StudyError(
                    .channels,
                    "every window lacks values, most often in \(table.channels[worst]): leave it out with "
                        + "--ignore \(table.channels[worst])")
            }
            throw StudyError(
                .split,
                "no stretch of \(window) rows has one label and no gap: choose a shorter --window (samples, or "
                    + "seconds as 2s; 1 takes every row by itself)")
        }
        if cut.incomplete > cut.count, let worst = cut.missing.indices.max(by: { cut.missing[$0] < cut.missing[$1] }) {
            throw StudyError(
                .channels,
                "\(cut.incomplete) of \(cut.incomplete + cut.count) windows lack values (empty or NaN), "
                    + "\(cut.missing[worst]) of them in \(table.channels[worst]): leave it out with "
                    + "--ignore \(table.channels[worst]), or fill it in")
        }
        return cut
    }

    /// Rows of every stretch, where they are all as long.
    private static func lengthOfAll(_ table: ReadingsTable) -> Int? {
        let lengths = Set(table.stretches.indices.map { table.stretch($0).count })
        return lengths.count == 1 ? lengths.first : nil
    }

    // MARK: Task

    private static func task(
        _ table: ReadingsTable, _ cut: CutWindows, _ targets: [StudyTarget], _ options: StudyOptions
    ) -> TaskDocument {
        let place = options.paths.count == 1 ? options.paths[0].split(separator: "/").last.map(String.init) : nil
        let stem = table.fileNames.count == 1 ? table.fileNames[0] : place
        let name = Slug.make(options.name ?? stem ?? targets[0].name)
        let task = StudyWindows.task(
            named: name, targets: targets,
            TaskDocument(
                name: name, channels: table.channels.map { .init(name: $0, unit: "") }, rate: table.rate,
                window: cut.samples, step: cut.step, axes: options.findsAxes ? AxisFinder.axes(table.channels) : [],
                student: .init(
                    profile: String(options.profile.name.prefix { $0 != "@" }), parameters: options.parameters,
                    bytes: options.bytes)))
        return try Self.grouping(task, options)
    }

    /// The task with the superclasses that were named, once every name is known to be a class.
    private static func grouping(_ task: TaskDocument, _ options: StudyOptions) throws(StudyError) -> TaskDocument {
        guard !options.superclasses.isEmpty || !options.focus.isEmpty else { return task }
        guard task.kind == .classification else {
            throw StudyError(.options, "superclasses and a focus need one label with classes")
        }
        for name in options.superclasses.keys.sorted() + options.focus where task.classIndex(name) == nil {
            let known = task.classes.map(\.name).joined(separator: ", ")
            throw StudyError(.options, "\"\(name)\" is no class; there are \(known)")
        }
        var result = task
        for index in task.classes.indices {
            result.classes[index].superclass = options.superclasses[task.classes[index].name]
        }
        if !options.superclasses.isEmpty, let lonely = result.classes.first(where: { $0.superclass == nil }) {
            throw StudyError(.options, "the class \(lonely.name) has no superclass: give each class one, or none")
        }
        return result
    }

    private static func counts(
        _ targets: [StudyTarget], _ values: [[Float]], _ training: [Int], _ test: [Int]
    ) -> [[(training: Int, test: Int)]] {
        zip(targets, values).map { target, values in
            var counts = [(training: Int, test: Int)](repeating: (0, 0), count: target.classes.count)
            guard !target.isValue else { return counts }
            for index in training where !values[index].isNaN { counts[Int(values[index])].training += 1 }
            for index in test where !values[index].isNaN { counts[Int(values[index])].test += 1 }
            return counts
        }
    }

    private static func notes(_ table: ReadingsTable, _ cut: CutWindows, _ split: WindowSplit) -> [String] {
        var notes: [String] = []
        func note(_ count: Int, _ one: String, _ many: String) {
            if count > 0 { notes.append(count == 1 ? "1 \(one)" : "\(count) \(many)") }
        }
        note(table.gaps, "gap in time; no window goes across it", "gaps in time; no window goes across one")
        note(cut.short, "stretch of rows is shorter than a window", "stretches of rows are shorter than a window")
        note(cut.incomplete, "window with missing values was left out", "windows with missing values were left out")
        note(table.ignoredRows, "row was left out for its label", "rows were left out for their label")
        note(
            split.overlapping, "window that shares samples with the test part was left out",
            "windows that share samples with the test part were left out")
        if split.method == .time {
            notes.append(
                "There are fewer than \(WindowSplit.fewestGroups) groups, so the last part of each class was kept for the "
                    + "test: the figures tell how the student does in later rows, not on someone or something new")
        }
        return notes
    }

    // MARK: Checks

    private func checkClasses() throws(StudyError) {
        for (target, counts) in zip(targets, facts.counts) where !target.isValue {
            for (name, count) in zip(target.classes, counts) where count.training < Self.fewestWindows {
                throw StudyError(
                    .labels,
                    "the class \"\(name)\" of \(target.name) has \(count.training) windows to train on (and \(count.test) "
                        + "to test with); at least \(Self.fewestWindows) are needed: record more of it, choose a shorter "
                        + "--window or --step, or leave it out with --ignore-label \"\(name)\"")
            }
        }
    }

    private func checkChannels() throws(StudyError) {
        for (channel, entry) in task.channels.enumerated() {
            guard let first = training.values.dropFirst(channel).first else { continue }
            let isConstant = stride(from: channel, to: training.values.count, by: training.channels).allSatisfy {
                training.values[$0] == first
            }
            guard !isConstant else {
                throw StudyError(
                    .channels,
                    "the channel \"\(entry.name)\" is \(first) in every training window and teaches nothing: leave it out "
                        + "with --ignore \(entry.name), or repair the sensor")
            }
        }
    }

    private static func checkLeakage(
        _ training: LabelledWindows, _ test: LabelledWindows, name: (_ place: Int, _ isTest: Bool) -> String
    ) throws(StudyError) {
        let pairs = LeakageCheck.pairs(
            training: training, trainingNames: (0..<training.count).map { name($0, false) }, test: test,
            testNames: (0..<test.count).map { name($0, true) })
        guard let pair = pairs.first else { return }
        throw StudyError(
            .leakage,
            "\(pair.equal) of the \(pair.of) test windows of \"\(pair.test)\" stand in training as \"\(pair.training)\" "
                + "too: the same recording under two names? Leave one out, or put both on one side with --test")
    }
}
