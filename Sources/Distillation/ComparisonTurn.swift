import ModelArtifact
import NeuralNetwork

/// One seed of a comparison: teachers and students by every method, each teacher trained once.
struct ComparisonTurn {
    private let comparison: DistillationComparison
    private let seed: UInt64
    private let training: LabelledWindows
    private let test: LabelledWindows
    private let observing: (String) -> DistillationObserver?
    private var teachers: [Kind: Taught] = [:]
    private var distilled: Student?

    /// What a method asks its outputs for.
    private enum Kind: Hashable { case plain, ensemble, known, invented }

    /// Teachers with what they say of the test windows together.
    struct Taught {
        var teachers: [TrainedTeacher]
        /// (windows × outputs).
        var logits: [Float]
        var quality: Double
    }

    init(
        _ comparison: DistillationComparison, seed: UInt64, training: LabelledWindows, test: LabelledWindows,
        observing: @escaping (String) -> DistillationObserver?
    ) {
        self.comparison = comparison
        self.seed = seed
        self.training = training
        self.test = test
        self.observing = observing
    }

    /// Makes a method's student and notes what it scores.
    mutating func add(to row: inout DistillationComparison.Row) throws(DistillationError) {
        let kind = Self.kind(row.method)
        var options = options(kind)
        if row.method == .hint { options.hint = comparison.hint }
        let maker = try Distiller(task: task(kind), options: options)
        let windows = try students(labelled(training, kind))
        let test = try labelled(test, kind)
        let reference = try taught(.plain)
        var guidance = Guidance.none
        if row.method != .labels {
            let taught = try taught(kind)
            guidance = .teachers(taught.teachers)
            row.teachers.append(taught.quality)
        }
        if row.method == .selfDistillation { guidance = .teachers([try TrainedTeacher(of: plainStudent(windows))]) }
        let student = try maker.distill(guidance, windows: windows, observer: observing(row.method.rawValue)).student
        if row.method == .logits { distilled = student }
        let logits = try student.logits(test, threads: options.threads)
        row.qualities.append(Scores(logits, test, maker.deployedLayout)?.quality ?? 0)
        let plain = try Distiller(task: task(.plain), options: self.options(.plain))
        if let agreement = Self.agreement(reference.logits, plain.outputLayout, logits, maker.deployedLayout) {
            row.agreements.append(agreement)
        }
    }

    /// The teachers of a method.
    mutating func teacher(of method: DistillationComparison.Method) throws(DistillationError) -> Taught {
        try taught(Self.kind(method))
    }

    private static func kind(_ method: DistillationComparison.Method) -> Kind {
        switch method {
        case .labels, .logits, .hint, .selfDistillation: .plain
        case .ensemble: .ensemble
        case .subclass: .known
        case .invented: .invented
        }
    }

    private func options(_ kind: Kind) -> DistillationOptions {
        var options = comparison.options
        options.seed = seed
        options.subclasses = nil
        if kind == .known { options.subclasses = .known }
        if kind == .invented {
            options.subclasses = comparison.options.subclasses ?? .invented(.init(perClass: 4))
        }
        return options
    }

    private func task(_ kind: Kind) -> TaskDocument {
        comparison.comparesSuperclasses && kind != .known ? comparison.task.ofSuperclasses : comparison.task
    }

    /// The windows with the labels that a kind learns and is scored by.
    private func labelled(_ windows: LabelledWindows, _ kind: Kind) throws(DistillationError) -> LabelledWindows {
        guard comparison.comparesSuperclasses, kind != .known else { return windows }
        let task = comparison.task
        let names = task.superclasses
        let of = task.classes.map { entry in Float(names.firstIndex { $0 == entry.superclass } ?? 0) }
        return try Self.relabelled(windows, windows.targets.map { $0.isNaN ? $0 : of[Int($0)] })
    }

    private static func relabelled(
        _ windows: LabelledWindows, _ targets: [Float]
    ) throws(DistillationError) -> LabelledWindows {
        do throws(NetworkError) { return try windows.withTargets(targets, heads: windows.heads) } catch {
            throw DistillationError(.badData, "\(error)")
        }
    }

    private mutating func taught(_ kind: Kind) throws(DistillationError) -> Taught {
        if let known = teachers[kind] { return known }
        let windows = try labelled(training, kind)
        var result: [TrainedTeacher] = []
        if kind == .ensemble {
            result = try taught(.plain).teachers
            let more = comparison.ensemble.map(Optional.some)
            for (index, spec) in (more.isEmpty ? [nil] : more).enumerated() {
                var options = options(kind)
                options.seed = seed &+ UInt64(index + 1) &* 1000
                if let spec { options.teacherSpec = spec }
                result.append(
                    try Distiller(task: task(kind), options: options).trainTeacher(
                        windows, observer: observing("teacher \(index + 2)")
                    ).teacher)
            }
        } else {
            let name =
                switch kind {
                case .known: "teacher of subclasses"
                case .invented: "teacher with subclasses of its own"
                default: "teacher"
                }
            result = [
                try Distiller(task: task(kind), options: options(kind)).trainTeacher(windows, observer: observing(name))
                    .teacher
            ]
        }
        let test = try labelled(test, kind)
        let layout = try Distiller(task: task(kind), options: options(kind)).outputLayout
        let logits = result.meanLogits(test, pool: ComputePool(threads: comparison.options.threads))
        let taught = Taught(teachers: result, logits: logits, quality: Scores(logits, test, layout)?.quality ?? 0)
        teachers[kind] = taught
        return taught
    }

    /// The student that the plain teacher makes.
    private mutating func plainStudent(_ windows: LabelledWindows) throws(DistillationError) -> Student {
        if let distilled { return distilled }
        let distiller = try Distiller(task: task(.plain), options: options(.plain))
        let student = try distiller.distill(
            .teachers(taught(.plain).teachers), windows: windows, observer: observing("student")
        ).student
        distilled = student
        return student
    }

    /// The windows as students see them: by seed, other groups keep their labels.
    private func students(_ windows: LabelledWindows) throws(DistillationError) -> LabelledWindows {
        guard let count = comparison.labelledGroups else { return windows }
        // Of those that are not kept for validation.
        let kin = windows.split(validation: comparison.options.validationShare).training
        var groups = Set(kin.map { windows.groups[$0] }).sorted()
        var random = RandomSource(seed: seed, 0x6C)
        random.shuffle(&groups)
        let kept = Set(groups.prefix(count))
        return try Self.relabelled(
            windows,
            windows.targets.indices.map {
                kept.contains(windows.groups[$0 / windows.heads]) ? windows.targets[$0] : .nan
            })
    }

    /// Share of windows on which two answer alike by the first head; nothing for values.
    private static func agreement(
        _ a: [Float], _ layoutA: OutputLayout, _ b: [Float], _ layoutB: OutputLayout
    ) -> Double? {
        guard let headA = layoutA.heads.first, let headB = layoutB.heads.first, headA.form != .value, !a.isEmpty else {
            return nil
        }
        let rows = a.count / layoutA.outputs
        let same = (0..<rows).count { row in
            headA.classIndex(a[row * layoutA.outputs..<(row + 1) * layoutA.outputs])
                == headB.classIndex(b[row * layoutB.outputs..<(row + 1) * layoutB.outputs])
        }
        return Double(same) / Double(rows)
    }
}
