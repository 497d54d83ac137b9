public import ModelArtifact

/// What the outputs of a network stand for: one head, or several that follow one another.
public struct OutputLayout: Sendable, Equatable {
    /// How outputs become an answer.
    public enum Form: String, Sendable, CaseIterable {
        /// One output for each class (or subclass): softmax.
        case softmax
        /// One output for two classes: the logistic function gives the second one's probability.
        case sigmoid
        /// One output, which is the answer.
        case value
    }

    public struct Head: Sendable, Equatable {
        public var name: String
        public var form: Form
        /// Where its outputs stand amongst the network's.
        public var range: Range<Int>
        /// Class of each output of a softmax; outputs of one class are its subclasses.
        public var classOfOutput: [Int]
        /// Class that a window's label counts as.
        public var classOfLabel: [Int]

        /// Classes that answers are scored in; 0 for a value.
        public var classes: Int { (classOfLabel.max() ?? -1) + 1 }
        /// Whether some class has several outputs.
        public var hasSubclasses: Bool { form == .softmax && classOfOutput.count > classes }
    }

    public let heads: [Head]
    public var outputs: Int { heads.last?.range.upperBound ?? 0 }

    init(heads: [Head]) { self.heads = heads }

    /// The layout of a network for a task.
    ///
    /// - Parameters:
    ///   - outputs: of the network; the task's own number if `nil`. A network of one output for two classes is read by the
    ///     logistic function.
    ///   - form: what to read the outputs by; the one that fits if `nil`.
    ///   - subclasses: how classes are divided.
    /// - Throws: `DistillationError.badNetwork` where outputs, form and task do not go together.
    public init(
        task: TaskDocument, outputs: Int? = nil, form: Form? = nil, subclasses: Subclasses? = nil
    ) throws(DistillationError) {
        switch task.kind {
        case .regression:
            guard subclasses == nil else {
                throw DistillationError(.unsupportedTask, "a regression has no classes that could be divided")
            }
            try Self.refuseSingleSoftmax(form, outputs ?? 1)
            guard outputs ?? 1 == 1, form ?? .value == .value else {
                throw DistillationError(
                    .badNetwork,
                    "a regression has one output, read as a value; not \(outputs ?? 1) outputs read by "
                        + "\((form ?? .value).rawValue)")
            }
            heads = [
                Head(
                    name: task.target?.name ?? task.name, form: .value, range: 0..<1, classOfOutput: [],
                    classOfLabel: [])
            ]
        case .classification:
            heads = [try Self.classification(task, outputs: outputs, form: form, subclasses: subclasses)]
        case .multiHead:
            guard subclasses == nil, form ?? .softmax == .softmax, outputs ?? task.outputs == task.outputs else {
                throw DistillationError(
                    .badNetwork,
                    "a task of several heads has a softmax over the classes of each: \(task.outputs) outputs")
            }
            var start = 0
            heads = task.heads.map { head in
                defer { start += head.classes.count }
                return Self.softmax(head.name, start, Array(head.classes.indices))
            }
        }
    }

    private static func softmax(_ name: String, _ start: Int, _ classes: [Int]) -> Head {
        Head(
            name: name, form: .softmax, range: start..<start + classes.count, classOfOutput: classes,
            classOfLabel: classes)
    }

    private static func refuseSingleSoftmax(_ form: Form?, _ outputs: Int) throws(DistillationError) {
        guard form == .softmax, outputs == 1 else { return }
        throw DistillationError(
            .badNetwork,
            "a softmax over a single output is 1 whatever the input and teaches nothing: read a binary output by "
                + "sigmoid, a regression by value, or give the network two outputs")
    }

    private static func classification(
        _ task: TaskDocument, outputs: Int?, form: Form?, subclasses: Subclasses?
    ) throws(DistillationError) -> Head {
        let classes = Array(task.classes.indices)
        switch subclasses {
        case .known:
            let superclasses = task.superclasses
            guard superclasses.count >= 2, task.classes.allSatisfy({ $0.superclass != nil }) else {
                throw DistillationError(
                    .unsupportedTask,
                    "known subclasses need a task whose every class names one of at least two superclasses")
            }
            let of = task.classes.map { entry in superclasses.firstIndex { $0 == entry.superclass } ?? 0 }
            return Head(
                name: task.name, form: .softmax, range: 0..<classes.count, classOfOutput: of, classOfLabel: of)
        case .invented(let options):
            guard options.perClass >= 2 else {
                throw DistillationError(.badNetwork, "at least two subclasses of each class are needed")
            }
            let of = classes.flatMap { [Int](repeating: $0, count: options.perClass) }
            return Head(name: task.name, form: .softmax, range: 0..<of.count, classOfOutput: of, classOfLabel: classes)
        case nil:
            let count = outputs ?? (form == .sigmoid ? 1 : classes.count)
            try refuseSingleSoftmax(form, count)
            if count == 1, classes.count == 2, form ?? .sigmoid == .sigmoid {
                return Head(name: task.name, form: .sigmoid, range: 0..<1, classOfOutput: [], classOfLabel: classes)
            }
            guard count == classes.count, form ?? .softmax == .softmax else {
                throw DistillationError(
                    .badNetwork,
                    "\(count) outputs read by \((form ?? .softmax).rawValue) do not answer in "
                        + "\(classes.count) classes")
            }
            return softmax(task.name, 0, classes)
        }
    }

    /// The layout of a deployed student: one logit of two classes has become two.
    var deployed: OutputLayout {
        guard let head = heads.first, head.form == .sigmoid else { return self }
        return OutputLayout(heads: [Self.softmax(head.name, 0, [0, 1])])
    }

    /// The same outputs, each a class of its own: how a teacher learns subclasses that are known.
    var withoutSuperclasses: OutputLayout {
        OutputLayout(
            heads: heads.map { head in
                guard head.form == .softmax, head.classOfLabel.count == head.classOfOutput.count else { return head }
                return Self.softmax(head.name, head.range.lowerBound, Array(head.classOfOutput.indices))
            })
    }
}

/// How the classes of a task are divided for a teacher to say more of each window than its class.
///
/// - Source: Müller, Kornblith & Hinton 2020, arXiv:2002.03936.
public enum Subclasses: Sendable, Equatable {
    /// The task's classes are the subclasses, and their superclasses what is to be right.
    case known
    /// The teacher finds them.
    case invented(Invention)

    /// How a teacher finds subclasses.
    public struct Invention: Sendable, Equatable {
        /// Outputs of each class.
        public var perClass: Int
        /// Weight of the auxiliary loss that tells windows of a batch apart.
        public var contrast: Float
        /// Temperature of that loss.
        public var temperature: Float
        public init(perClass: Int, contrast: Float = 1, temperature: Float = 1) {
            self.perClass = perClass
            self.contrast = contrast
            self.temperature = temperature
        }
    }
}

extension TaskDocument {
    /// Names of the superclasses, in the order in which they first appear.
    public var superclasses: [String] {
        var names: [String] = []
        for name in classes.compactMap(\.superclass) where !names.contains(name) { names.append(name) }
        return names
    }

    /// The task of telling the superclasses apart.
    ///
    /// - Precondition: every class has one.
    public var ofSuperclasses: TaskDocument {
        var task = self
        task.classes = superclasses.map { Class(name: $0) }
        return task
    }

    /// The task as a student with invented subclasses answers it: classes `walking.1`, `walking.2` of superclass
    /// `walking`, and so on.
    public func dividing(into perClass: Int) -> TaskDocument {
        var task = self
        task.classes = classes.flatMap { entry in
            (1...perClass).map { Class(name: "\(entry.name).\($0)", superclass: entry.name) }
        }
        return task
    }
}
