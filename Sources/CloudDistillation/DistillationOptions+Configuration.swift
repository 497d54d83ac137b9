import Compression
import Distillation
import NeuralNetwork
import ServiceRuntime

extension DistillationOptions {
    /// The training's part of the configuration, checked.
    ///
    /// - Throws: `ConfigurationError` that names the key at fault.
    init(_ configuration: ServiceConfiguration) throws(ConfigurationError) {
        self.init()
        func epochs(_ key: String) throws(ConfigurationError) -> Int? {
            let value = try configuration.integer(key, within: 0...100_000)
            return value == 0 ? nil : value
        }
        let threads = try configuration.integer("training.threads", within: 0...1024)
        if threads > 0 { self.threads = threads }
        batch = try configuration.integer("training.batch", within: 1...65_536)
        teacherEpochs = try epochs("training.teacherEpochs")
        studentEpochs = try epochs("training.studentEpochs")
        quantisedEpochs = try epochs("training.quantisedEpochs")
        do { recipe = try CompressionRecipe(try configuration.string("training.recipe")) } catch {
            throw ConfigurationError(key: "training.recipe", "\(error)")
        }
        temperature = Float(try configuration.number("training.temperature", within: 0.1...100))
        alpha = Float(try configuration.number("training.alpha", within: 0...1))
        basePull = Float(try configuration.number("training.basePull", within: 0...100))
        updateWeight = Float(try configuration.number("training.updateWeight", within: 0...0.99))
        let budget = try configuration.string("training.updateBudget")
        if !budget.isEmpty {
            updateBudget = UpdateBudget(budget)
            guard updateBudget != nil else {
                throw ConfigurationError(
                    key: "training.updateBudget", "\(budget) is neither bytes (700) nor a share of the student (10%)")
            }
        }
        validationShare = try configuration.number("training.validationShare", within: 0...0.9)
        escalationShare = try configuration.number("training.escalationShare", within: 0...1)
    }

    /// Defaults are the engine's own.
    static let keys: [ConfigurationKey] = {
        let defaults = DistillationOptions()
        return [
            ConfigurationKey(
                "training.threads", .integer, default: "0",
                help: "Threads that train; 0 takes every processor. Another number, another student."),
            ConfigurationKey(
                "training.batch", .integer, default: String(defaults.batch), help: "Windows of a training step."),
            ConfigurationKey(
                "training.teacherEpochs", .integer, default: String(defaults.teacherEpochs ?? 0),
                help: "Passes over the windows for a teacher; 0 decides by their number."),
            ConfigurationKey(
                "training.studentEpochs", .integer, default: String(defaults.studentEpochs ?? 0),
                help: "Passes for a student in float; 0 decides by the number of windows."),
            ConfigurationKey(
                "training.quantisedEpochs", .integer, default: String(defaults.quantisedEpochs ?? 0),
                help: "Passes for a student on its int8 grid; 0 decides by the number of windows."),
            ConfigurationKey(
                "training.recipe", .string, default: defaults.recipe.text,
                help: "What makes students smaller: channels:SHARE, low-rank:SHARE, prune:SHARE, int8, comma between."),
            ConfigurationKey(
                "training.temperature", .number, default: defaults.temperature.description,
                help: "Softens the teacher's and the student's probabilities in distillation."),
            ConfigurationKey(
                "training.alpha", .number, default: defaults.alpha.description,
                help: "Weight of the teacher's probabilities; the labels weigh 1 - alpha."),
            ConfigurationKey(
                "training.basePull", .number, default: defaults.basePull.description,
                help: "How strongly a warm-started student is drawn back to its base: keeps updates small."),
            ConfigurationKey(
                "training.updateWeight", .number, default: defaults.updateWeight.description,
                help: "How reluctantly warm-started weights leave the base's: a share of the learning rate."),
            ConfigurationKey(
                "training.updateBudget", .string, default: "",
                help: "What an update from the base may take: bytes (700) or a share of the student (10%); empty: any."),
            ConfigurationKey(
                "training.validationShare", .number, default: defaults.validationShare.description,
                help: "Share of the devices whose windows are kept out of training, for validation and calibration."),
            ConfigurationKey(
                "training.escalationShare", .number, default: defaults.escalationShare.description,
                help: "Share of windows that a student should be too unsure of, and ask a verdict for."),
        ]
    }()
}
