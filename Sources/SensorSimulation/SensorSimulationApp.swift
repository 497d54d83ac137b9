public import ServiceLifecycle
public import ServiceRuntime

/// The simulator, from its configuration to its services.
public struct SensorSimulationApp: Sendable {
    /// The simulator's own configuration keys.
    public static let keys = SimulationSettings.keys

    public let services: [any Service]

    /// - Throws: ``ConfigurationError``, or `RecordingError` for a folder or recording that cannot be played.
    public init(configuration: ServiceConfiguration, context: ServiceContext) async throws {
        let settings = try SimulationSettings(configuration)
        // Every recording is opened once, so that what is wrong with one shows before anything is sent.
        _ = try settings.players(start: 0)
        services = [SimulatorService(settings: settings, context: context)]
    }
}
