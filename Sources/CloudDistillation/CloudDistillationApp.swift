public import ServiceLifecycle
public import ServiceRuntime
import Distillation
import Logging

/// The cloud distiller: collects windows and labels, trains teachers, distills students, answers with verdicts.
public struct CloudDistillationApp: Sendable {
    /// The service's own configuration keys.
    public static let keys = DistillerOptions.keys + DistillationOptions.keys

    /// In the order in which they start; they stop in reverse.
    public let services: [any Service]
    let collection: WindowCollection
    let desk: JobDesk
    let shelf: TeacherShelf
    let database: DistillerDatabase

    /// Opens the state, reads back what was kept, and makes the services. Needs no broker.
    ///
    /// - Throws: `ConfigurationError` that names the key at fault; what the state directory is refused for.
    public init(configuration: ServiceConfiguration, context: ServiceContext) async throws {
        let engine = DistillationEngine(options: try DistillationOptions(configuration))
        try await self.init(configuration: configuration, context: context, engine: engine)
    }

    init(
        configuration: ServiceConfiguration, context: ServiceContext, engine: any TrainingEngine
    ) async throws {
        let options = try DistillerOptions(configuration)
        database = try await DistillerDatabase(path: context.stateDirectory + "/distiller.sqlite")
        collection = WindowCollection(
            database: database, limits: options.limits, board: context.board, now: context.now)
        try await collection.restore()
        shelf = try TeacherShelf(stateDirectory: context.stateDirectory)
        for (file, reason) in try shelf.restore(with: engine) {
            context.logger.warning(
                "a teacher cannot be used",
                metadata: [DistillationLogKeys.file: "\(file)", DistillationLogKeys.reason: "\(reason)"])
        }
        let worker = TrainingWorker(
            collection: collection, shelf: shelf, engine: engine,
            folders: JobFolders(stateDirectory: context.stateDirectory, logger: context.logger), now: context.now)
        let metrics = DistillerMetrics(context.metrics)
        desk = JobDesk(
            context: context, options: options.jobs, database: database, collection: collection, worker: worker,
            repeatSeconds: options.repeatSeconds, metrics: metrics)
        try await desk.restore()
        let queue = VerdictQueue(limit: options.verdictLimit)
        let verdicts = VerdictService(
            context: context, queue: queue, shelf: shelf, collection: collection, metrics: metrics)
        metrics.register(desk, collection, queue, with: context.metrics)
        services = [
            StoreService(context: context, database: database), verdicts,
            IntakeService(
                context: context, collection: collection, verdicts: verdicts, limit: options.intakeLimit),
            JobService(context: context, desk: desk, tickSeconds: 1),
        ]
    }
}
