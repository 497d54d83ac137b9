import ArgumentParser
import Compression
import Distillation
import DistillationReports
import Energy
import Foundation
import Recordings

/// What a study reads.
struct DistillDataOptions: ParsableArguments {
    @Option(help: "Column to learn; several, separated by commas, become several heads.") var label: String
    @Flag(help: "The label is a number to be predicted.") var regression = false
    @Option(help: "Column that tells people or machines apart (default: the files).") var group: String?
    @Option(help: "Second table with labels, joined by --key.") var conditions: String?
    @Option(help: "Column whose change begins another recording.") var key: String?
    @Option(help: "Time column (default: t, time, timestamp, also with _ms).") var time: String?
    @Option(help: "Unit of numbers in the time column: s, ms, us, ns (default: by name and size).") var timeUnit:
        String?
    @Option(help: "Samples a second, where there is no time column.") var rate: Double?
    @Option(help: "Columns to leave out, separated by commas; repeatable.") var ignore: [String] = []
    @Option(help: "Leave out rows with this label; repeatable.") var ignoreLabel: [String] = []
    @Option(help: "Window: samples, or seconds as 5s (default: 5 s, 20 samples at least; 1 row without times).")
    var window: String?
    @Option(help: "Between starts of windows, in samples or seconds (default: half a window).") var step: String?
    @Option(help: "Groups or files to test with, * for any characters; repeatable.") var test: [String] = []
    @Option(help: "Share of the groups to test with, where --test names none.") var testShare = 0.25
    @Option(help: "Name of the task (default: from file or label).") var name: String?
    @Flag(help: "Do not take channels named x, y, z alike as vectors, which training may rotate.") var noAxes = false

    func studyOptions(_ paths: [String]) throws -> StudyOptions {
        var layout = ReadingsLayout(
            labels: label.split(separator: ",").map { $0.trimmingPrefix { $0 == " " } }.map(String.init), group: group,
            key: key, time: time, rate: rate, ignored: ignore.flatMap { $0.split(separator: ",").map(String.init) },
            ignoredLabels: ignoreLabel)
        if let timeUnit {
            guard let unit = ReadingsLayout.TimeUnit(rawValue: timeUnit) else {
                throw ValidationError("--time-unit: \(timeUnit) is none of s, ms, us, ns")
            }
            layout.timeUnit = unit
        }
        if let rate { guard rate > 0, rate.isFinite else { throw ValidationError("--rate must be above 0") } }
        guard testShare > 0, testShare < 1 else { throw ValidationError("--test-share must lie between 0 and 1") }
        var options = StudyOptions(paths: paths, layout: layout)
        options.conditions = conditions
        options.isRegression = regression
        options.window = try Self.extent(window, "--window")
        options.step = try Self.extent(step, "--step")
        options.testPatterns = test
        options.testShare = testShare
        options.name = name
        options.findsAxes = !noAxes
        return options
    }

    private static func extent(_ text: String?, _ option: String) throws -> StudyOptions.Extent? {
        guard let text else { return nil }
        guard let extent = StudyOptions.Extent(text) else {
            throw ValidationError("\(option): \(text) is neither samples (100) nor seconds (5s)")
        }
        return extent
    }
}

/// How a study trains.
struct DistillTrainingOptions: ParsableArguments {
    @Option(help: "Device that the student is for: \(ProfileOption.names), or a profile's file.json.")
    var profile = "x86-gateway"
    @Option(help: "Parameters of the student at most.") var parameters = 4000
    @Option(help: "Bytes of the student's file at most.") var bytes = 16_384
    @Option(help: "Same seed, data and threads: same student, bit for bit.") var seed: UInt64 = 1
    @Option(help: "Threads (default: one a core, at most 8).") var threads: Int?
    @Option(help: "Passes over the data for the teacher.") var teacherEpochs: Int?
    @Option(help: "Passes over the data for the student in float.") var studentEpochs: Int?
    @Option(help: "Passes over the data for the student on the int8 grid.") var gridEpochs: Int?
    @Flag(help: "A fifth of the usual passes, to see whether everything fits.") var quick = false
    @Option(help: "Softens what the teacher thinks.") var temperature: Float?
    @Option(help: "Weight of the teacher; 1 - alpha that of the labels.") var alpha: Float?
    @Option(
        help: "What makes the student smaller: channels:SHARE, low-rank:SHARE, prune:SHARE, int8 (default: int8 alone)."
    )
    var recipe: String?
    @Option(help: "Points of accuracy that the recipe may cost on the validation groups.") var allowedLoss = 0.5
    @Option(help: "Passes over the data behind each step of the recipe.") var recipeEpochs: Int?
    @Option(
        help: "Teacher: residual, recurrent, spectrogram, dense:UNITS,... (default: convolutions, or dense for rows).")
    var teacher: String?
    @Option(help: "Use this teacher, teacher.safetensors or another tool's .onnx, instead of training one.")
    var teacherFile: String?
    @Option(help: "Go on from this deployed student, on its int8 grid: the update to it is small.") var base: String?
    @Option(help: "What the update from the base may take: bytes (700) or a share of the student (10%).")
    var updateBudget: String?
    @Option(help: "How reluctantly weights leave the base while they are trained: 0 to 1, of the learning rate.")
    var updateWeight: Float?
    @Option(
        help: "Student: conv:PARAMETERS, separable, dense:UNITS,..., dense (default: convolutions, or dense for rows).")
    var student: String?
    @Flag(help: "Compare ways of making a student over several seeds.")
    var compare = false
    @Option(help: "Seeds of the comparison.") var seeds = 3
    @Option(help: "Methods to compare, separated by commas: \(Self.methods) (default: all that the task allows).")
    var methods: String?
    @Option(help: "Groups whose labels the compared students see; of the others they learn what the teacher says.")
    var labelledGroups: Int?
    @Option(help: "NAME=CLASS,CLASS,... repeatable: a superclass; --compare then also compares by superclasses.")
    var superclass: [String] = []
    @Option(help: "Classes that must be right, separated by commas: trains a student with that focus too.")
    var focus: String?
    @Option(help: "How much a window in focus weighs.") var focusWeight: Float = 3
    @Flag(help: "Leave out the student that learns from labels alone.") var noBaseline = false

    /// Superclasses have a comparison of their own.
    private static let methods = DistillationComparison.Method.allCases.filter { $0 != .subclass }
        .map(\.rawValue).joined(separator: ", ")

    private func applyComparison(to options: inout StudyOptions) throws {
        options.comparedSeeds = compare ? seeds : 0
        options.comparedMethods = try Self.list(methods).map { name in
            guard let method = DistillationComparison.Method(rawValue: name), method != .subclass else {
                throw ValidationError("--methods: \(name) is none of \(Self.methods)")
            }
            return method
        }
        options.labelledGroups = labelledGroups
        for entry in superclass {
            let parts = entry.split(separator: "=", maxSplits: 1).map(String.init)
            guard parts.count == 2, !Self.list(parts[1]).isEmpty else {
                throw ValidationError("--superclass: \(entry) is not of the form NAME=CLASS,CLASS")
            }
            for name in Self.list(parts[1]) {
                guard options.superclasses.updateValue(parts[0], forKey: name) == nil else {
                    throw ValidationError("--superclass: the class \(name) stands in two")
                }
            }
        }
        options.focus = Self.list(focus)
        guard focusWeight > 0, focusWeight.isFinite else { throw ValidationError("--focus-weight must be above 0") }
        options.focusWeight = focusWeight
    }

    private static func list(_ text: String?) -> [String] {
        text?.split(separator: ",").map(String.init) ?? []
    }

    private static func network(_ text: String?, _ option: String) throws -> NetworkChoice? {
        guard let text else { return nil }
        guard let choice = NetworkChoice(text) else {
            throw ValidationError(
                "\(option): \(text) is none of residual, recurrent, spectrogram, conv:PARAMETERS, separable, dense:UNITS,..."
            )
        }
        return choice
    }

    private func applyRecipe(to options: inout StudyOptions) throws {
        guard allowedLoss >= 0, allowedLoss.isFinite else { throw ValidationError("--allowed-loss must be 0 or more") }
        do {
            options.distillation.recipe = try CompressionRecipe(recipe ?? "int8", allowedLoss: allowedLoss / 100)
        } catch { throw ValidationError("--recipe: \(error)") }
    }

    private func applyBase(to options: inout StudyOptions) throws {
        guard let base else {
            guard updateBudget == nil, updateWeight == nil else {
                throw ValidationError("--update-budget and --update-weight need the deployed student: --base FILE")
            }
            return
        }
        guard student == nil, recipe == nil, !compare else {
            throw ValidationError(
                "--base: the base's network and grid are kept; leave --student, --recipe and --compare out")
        }
        options.base = try ModelFile.base(base)
        if let updateWeight {
            guard updateWeight >= 0, updateWeight < 1 else {
                throw ValidationError("--update-weight must lie between 0 and 1, below 1")
            }
            options.distillation.updateWeight = updateWeight
        }
        guard let updateBudget else { return }
        guard let budget = UpdateBudget(updateBudget) else {
            throw ValidationError("--update-budget: \(updateBudget) is neither bytes (700) nor a share (10%)")
        }
        options.distillation.updateBudget = budget
        options.distillation.updateCurve = [0.05, 0.1, 0.2, 0.5, 1].map { UpdateBudget.share($0) }
        if !options.distillation.updateCurve.contains(budget) { options.distillation.updateCurve.insert(budget, at: 0) }
    }

    func apply(to options: inout StudyOptions) throws {
        let device = try ProfileOption.find(profile)
        for (value, name) in [
            (parameters, "parameters"), (bytes, "bytes"), (threads ?? 1, "threads"),
            (teacherEpochs ?? 1, "teacher-epochs"), (studentEpochs ?? 1, "student-epochs"),
            (gridEpochs ?? 1, "grid-epochs"), (recipeEpochs ?? 1, "recipe-epochs"), (seeds, "seeds"),
            (labelledGroups ?? 1, "labelled-groups"),
        ] where value < 1 { throw ValidationError("--\(name) must be at least 1") }
        options.profile = device
        options.parameters = parameters
        options.bytes = bytes
        options.trainsBaseline = !noBaseline
        options.isQuick = quick
        try applyComparison(to: &options)
        options.teacher = try Self.network(teacher, "--teacher")
        options.student = try Self.network(student, "--student")
        if let teacherFile {
            guard teacher == nil, teacherEpochs == nil, !compare else {
                throw ValidationError(
                    "--teacher-file: no teacher is trained then, which --teacher, --teacher-epochs and --compare ask for"
                )
            }
            let read = try ModelFile.teacher(teacherFile)
            options.trainedTeacher = read.teacher
            options.trainedTeacherClasses = read.classes
            for note in read.notes { FileHandle.standardError.write(Data("note: \(note)\n".utf8)) }
        }
        guard options.student?.fitsStudents ?? true else {
            throw ValidationError("--student: the integer runtime of edges has no \(student ?? "") network")
        }
        options.distillation.seed = seed
        if let threads { options.distillation.threads = threads }
        options.distillation.teacherEpochs = teacherEpochs
        options.distillation.studentEpochs = studentEpochs
        options.distillation.quantisedEpochs = gridEpochs
        options.distillation.compressionEpochs = recipeEpochs
        try applyRecipe(to: &options)
        try applyBase(to: &options)
        if let temperature {
            guard temperature > 0, temperature.isFinite else { throw ValidationError("--temperature must be above 0") }
            options.distillation.temperature = temperature
        }
        if let alpha {
            guard (0...1).contains(alpha) else { throw ValidationError("--alpha must lie between 0 and 1") }
            options.distillation.alpha = alpha
        }
    }
}
