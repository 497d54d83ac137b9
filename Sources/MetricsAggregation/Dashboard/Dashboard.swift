public import ServiceHTTP
public import ServiceLifecycle
public import ServiceRuntime

/// The pages that show the fleet, with their data and actions.
///
/// Pages are told of the fleet from a subscription of their own, and ask the aggregator's records for what is past.
public struct Dashboard: Sendable {
    public static let keys = DashboardSettings.keys

    /// What keeps pages up to date.
    public let service: any Service
    public let routes: [HTTPRoute]

    /// - Throws: `ConfigurationError` that names the key at fault.
    public init(
        configuration: ServiceConfiguration, context: ServiceContext, app: MetricsAggregationApp
    ) throws(ConfigurationError) {
        try self.init(
            settings: DashboardSettings(configuration), http: HTTPSettings(configuration), context: context, app: app)
    }

    init(
        settings: DashboardSettings, http: HTTPSettings, context: ServiceContext, app: MetricsAggregationApp
    ) {
        let state = DashboardState(settings: settings, context: context, actions: http.token != nil)
        service = DashboardService(state: state, context: context)
        routes =
            DashboardFiles(settings: settings).routes
            + DashboardData(app: app, state: state, now: context.now).routes
            + DashboardActions(state: state, context: context).routes
    }
}
