import BusAPI
import Hummingbird
import JSON
import Logging
public import ServiceLifecycle
public import ServiceRuntime

/// Answers `/health`, `/metrics` and a service's own routes.
public struct HTTPService: Service {
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
        for route in Self.builtIn(context) + routes {
            router.get(RouterPath(route.path)) { [context] request, requestContext in
                await Self.answer(route, request, requestContext, context)
            }
        }
        let application = Application(
            router: router,
            configuration: ApplicationConfiguration(
                address: .hostname(settings.host, port: settings.port), serverName: nil),
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

    private static func answer(
        _ route: HTTPRoute, _ request: Request, _ requestContext: BasicRequestContext, _ context: ServiceContext
    ) async -> Response {
        var parameters: [String: String] = [:]
        for (name, value) in requestContext.parameters { parameters[String(name)] = String(value) }
        var query: [String: String] = [:]
        for (name, value) in request.uri.queryParameters where query[String(name)] == nil {
            query[String(name)] = String(value)
        }
        var headers: [String: String] = [:]
        for field in request.headers where headers[field.name.canonicalName] == nil {
            headers[field.name.canonicalName] = field.value
        }
        let answer: HTTPRoute.Answer
        do {
            answer = try await route.respond(
                HTTPRoute.Request(parameters: parameters, query: query, headers: headers))
        } catch {
            context.logger.error(
                "A request failed", metadata: ["http.path": "\(route.path)", ServiceLogKeys.error: "\(error)"])
            answer = HTTPRoute.Answer(
                status: 500, contentType: "text/plain; charset=utf-8", body: Array("internal error\n".utf8))
        }
        var response = Response(
            status: .init(code: answer.status), headers: [.contentType: answer.contentType],
            body: .init(byteBuffer: ByteBuffer(bytes: answer.body)))
        response.headers[.xContentTypeOptions] = "nosniff"
        response.headers[.cacheControl] = "no-store"
        return response
    }
}
