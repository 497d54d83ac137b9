import Hummingbird
import Logging
import ServiceLifecycle
import ServiceRuntime

/// Turns requests into what routes take, and what routes give into responses that a browser can trust.
struct HTTPResponder: Sendable {
    let access: HTTPAccess
    let context: ServiceContext

    func answer(
        _ path: String, _ request: Request, _ requestContext: BasicRequestContext,
        _ respond: @Sendable (HTTPRoute.Request) async throws -> HTTPRoute.Answer
    ) async -> Response {
        do {
            let answer = try await respond(Self.reading(request, requestContext, body: []))
            if let tag = answer.entityTag, request.headers[.ifNoneMatch] == Self.quoted(tag) {
                var headers = Self.headers(answer)
                headers[.contentType] = nil
                return Response(status: .notModified, headers: headers)
            }
            return Self.response(answer)
        } catch {
            return failed(path, error)
        }
    }

    func act(
        _ path: String, _ request: Request, _ requestContext: BasicRequestContext,
        _ respond: @Sendable (HTTPRoute.Request) async throws -> HTTPRoute.Answer
    ) async -> Response {
        let claims = HTTPAccess.Claims(
            authorization: request.headers[.authorization], origin: request.headers[.origin],
            fetchSite: HTTPFields.Element.Name("Sec-Fetch-Site").flatMap { request.headers[$0] },
            authority: request.head.authority)
        if let refusal = access.refusal(of: claims) { return Self.response(refusal) }
        let body: [UInt8]
        do {
            body = Array(buffer: try await request.body.collect(upTo: HTTPRoute.bodyLimit))
        } catch {
            return Self.response(.text("a body of at most \(HTTPRoute.bodyLimit) bytes is taken\n", status: 413))
        }
        do {
            return Self.response(try await respond(Self.reading(request, requestContext, body: body)))
        } catch {
            return failed(path, error)
        }
    }

    func listen(
        _ path: String, _ request: Request, _ requestContext: BasicRequestContext,
        _ open: @Sendable (HTTPRoute.Request) async throws -> EventFeed.Opening
    ) async -> Response {
        let opening: EventFeed.Opening
        do {
            opening = try await open(Self.reading(request, requestContext, body: []))
        } catch {
            return failed(path, error)
        }
        switch opening {
        case .refused(let answer): return Self.response(answer)
        case .stream(let stream):
            let headers = Self.headers(HTTPRoute.Answer(contentType: "text/event-stream", body: []))
            return Response(
                status: .ok, headers: headers,
                body: ResponseBody { writer in
                    for await event in stream.cancelOnGracefulShutdown() {
                        try await writer.write(ByteBuffer(bytes: event))
                    }
                    try await writer.finish(nil)
                })
        }
    }

    private func failed(_ path: String, _ error: any Error) -> Response {
        context.logger.error(
            "A request failed", metadata: ["http.path": "\(path)", ServiceLogKeys.error: "\(error)"])
        return Self.response(.text("internal error\n", status: 500))
    }

    private static func reading(
        _ request: Request, _ requestContext: BasicRequestContext, body: [UInt8]
    ) -> HTTPRoute.Request {
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
        return HTTPRoute.Request(parameters: parameters, query: query, headers: headers, body: body)
    }

    private static func response(_ answer: HTTPRoute.Answer) -> Response {
        Response(
            status: .init(code: answer.status), headers: headers(answer),
            body: .init(byteBuffer: ByteBuffer(bytes: answer.body)))
    }

    /// Only what this service itself serves is run, shown and asked; nobody frames it, and no other origin reads it.
    private static let policy =
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; "
        + "form-action 'none'; frame-ancestors 'none'"

    private static func headers(_ answer: HTTPRoute.Answer) -> HTTPFields {
        var headers: HTTPFields = [
            .contentType: answer.contentType, .contentSecurityPolicy: policy, .xContentTypeOptions: "nosniff",
            .crossOriginResourcePolicy: "same-origin",
            .cacheControl: answer.entityTag == nil ? "no-store" : "no-cache",
        ]
        if let name = HTTPFields.Element.Name("Referrer-Policy") { headers[name] = "no-referrer" }
        if answer.status == 401 { headers[.wwwAuthenticate] = "Bearer" }
        headers[.eTag] = answer.entityTag.map(quoted)
        return headers
    }

    private static func quoted(_ tag: String) -> String { "\"\(tag)\"" }
}
