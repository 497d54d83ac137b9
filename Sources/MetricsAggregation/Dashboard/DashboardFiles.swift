import DashboardPage
import ServiceHTTP
import SystemPackage

/// The pages themselves, and the library that draws their charts.
struct DashboardFiles: Sendable {
    /// Paths of the pages' views: one document, which reads its address.
    private static let views = [
        "/", "/devices", "/devices/{site}/{device}", "/models", "/models/{model}", "/updates", "/jobs", "/drift",
    ]

    private static let types = [
        "html": "text/html; charset=utf-8", "css": "text/css; charset=utf-8",
        "js": "text/javascript; charset=utf-8", "svg": "image/svg+xml",
    ]

    /// Largest file that is served, in bytes.
    private static let limit = 4 << 20

    let settings: DashboardSettings

    var routes: [HTTPRoute] {
        var routes = Self.views.map { view in HTTPRoute(view) { _ in file("index.html") } }
        routes.append(
            HTTPRoute("/assets/{name}") { request in
                file(request.parameters["name"] ?? "")
            })
        for (name, original) in [("dygraph.js", "dygraph.min.js"), ("dygraph.css", "dygraph.min.css")] {
            routes.append(HTTPRoute("/charts/\(name)") { _ in chart(original) })
        }
        return routes
    }

    private func file(_ name: String) -> HTTPRoute.Answer {
        // Only names that are built in, so that no path leads out of the folder.
        guard let builtIn = DashboardPage.files[name] else { return .notFound }
        guard let folder = settings.files else { return Self.answer(name, builtIn) }
        return Self.read(folder + "/" + name).map { Self.answer(name, $0) } ?? .notFound
    }

    /// Empty where the library is not installed: pages see that it is missing, and say so.
    private func chart(_ name: String) -> HTTPRoute.Answer {
        Self.answer(name, Self.read(settings.charts + "/" + name) ?? Array("/* libjs-dygraphs is missing */\n".utf8))
    }

    private static func answer(_ name: String, _ body: [UInt8]) -> HTTPRoute.Answer {
        let kind = name.split(separator: ".").last.map(String.init) ?? ""
        return HTTPRoute.Answer(
            contentType: types[kind] ?? "application/octet-stream", body: body, entityTag: tag(of: body))
    }

    /// FNV-1a and the length: tells versions of a file apart, nothing more.
    private static func tag(of body: [UInt8]) -> String {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in body { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        return String(hash, radix: 16) + "-\(body.count)"
    }

    /// Nothing where there is no such file or it is too large.
    private static func read(_ path: String) -> [UInt8]? {
        do {
            let file = try FileDescriptor.open(FilePath(path), .readOnly)
            return try file.closeAfter {
                var bytes: [UInt8] = []
                var buffer = [UInt8](repeating: 0, count: 65_536)
                while case let count = try buffer.withUnsafeMutableBytes({ try file.read(into: $0) }), count > 0 {
                    bytes += buffer[..<count]
                    guard bytes.count <= limit else { return nil }
                }
                return bytes
            }
        } catch { return nil }
    }
}
