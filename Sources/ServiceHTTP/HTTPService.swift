import BusAPI
import Hummingbird
import JSON
import Logging
public import ServiceLifecycle
public import ServiceRuntime

/// Answers `/health`, `/metrics` and a service's own routes.
public struct HTTPService: Service {
    /// Connections at once; further ones wait.
    private static let connections = 512

    private let settings: HTTPSettings
    private let context: ServiceContext
    private let routes: [HTTPRoute]
    private let onListening: @Sendable (Int) -> Void

    /// - Parameters:
    ///   - routes: further paths; dashboards and their data.
    ///   - onListening: told the port once it is open, which matters where the settings leave it to the system (tests).
    public init(
        _ settings: HTTPSettings, _ context: ServiceContext, routes: [HTTPRoute] = [],
        onListening: @escaping @Sendable (Int) -> Void = { _ in }
    ) {
        self.settings = settings
        self.context = context
        self.routes = routes
        self.onListening = onListening
    }

    /// The service where the configuration opens a port, else nothing.
    ///
    /// - Throws: ``ConfigurationError`` that names the key at fault.
    public static func ifConfigured(
        _ configuration: ServiceConfiguration, _ context: ServiceContext, routes: [HTTPRoute] = []
    ) throws(ConfigurationError) -> [any Service] {
        let settings = try HTTPSettings(configuration)
        return settings.port == 0 ? [] : [HTTPService(settings, context, routes: routes)]
    }

    public func run() async throws {
        let router = Router()
        let responder = HTTPResponder(access: HTTPAccess(token: settings.token), context: context)
        for route in Self.builtIn(context) + routes {
            switch route.handler {
            case .answer(let respond):
                router.get(RouterPath(route.path)) { request, requestContext in
                    await responder.answer(route.path, request, requestContext, respond)
                }
            case .action(let respond):
                router.post(RouterPath(route.path)) { request, requestContext in
                    await responder.act(route.path, request, requestContext, respond)
                }
            case .events(let open):
                router.get(RouterPath(route.path)) { request, requestContext in
                    await responder.listen(route.path, request, requestContext, open)
                }
            }
        }
        let application = Application(
            router: router,
            configuration: ApplicationConfiguration(
                address: .hostname(settings.host, port: settings.port), serverName: nil,
                availableConnectionsDelegate: .maximum(Self.connections, logger: context.logger)),
            onServerRunning: { [onListening] channel in onListening(channel.localAddress?.port ?? 0) },
            logger: context.logger)
        try await application.runService(gracefulShutdownSignals: [])
    }

    private static func builtIn(_ context: ServiceContext) -> [HTTPRoute] {
        [
            HTTPRoute("/health") { _ in
                .json(
                    JSONValue.object([
                        "healthy": .bool(true), "executable": .string(context.executable),
                        "instance": .string(context.instance), "version": .string(ServiceIdentity.version),
                    ]).bytes)
            },
            HTTPRoute("/metrics") { request in
                let page = await context.metricsPage(accept: request.headers["accept"])
                return .text(page.text, contentType: page.contentType)
            },
        ]
    }
}
