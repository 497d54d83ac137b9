import Dispatch
import Testing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Requests written by hand, so that nothing is added to them.
enum RawHTTP {
    static func get(_ path: String, _ port: Int, _ headers: [String] = []) async throws -> String {
        try await waiting { try ask("GET", path, port, headers, "") }
    }

    static func post(_ path: String, _ port: Int, _ headers: [String], _ body: String) async throws -> String {
        try await waiting { try ask("POST", path, port, headers + ["Content-Length: \(body.utf8.count)"], body) }
    }

    /// Reads what comes until it holds a text.
    static func stream(_ path: String, _ port: Int, until text: String) async throws -> String {
        try await waiting { try listen(path, port, until: text) }
    }

    /// Blocks a thread that nobody else needs: the server runs on those of Swift's tasks.
    private static func waiting(_ body: @escaping @Sendable () throws -> String) async throws -> String {
        try await withCheckedThrowingContinuation { continuation in
            DispatchQueue.global().async { continuation.resume(with: Result(catching: body)) }
        }
    }

    private static func ask(
        _ method: String, _ path: String, _ port: Int, _ headers: [String], _ body: String
    ) throws -> String {
        let socket = try open(port)
        defer { _ = close(socket) }
        try send(socket, method, path, headers + ["Connection: close"], body)
        var answer: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while case let count = read(socket, &buffer, buffer.count), count > 0 { answer += buffer.prefix(count) }
        return String(decoding: answer, as: UTF8.self)
    }

    private static func listen(_ path: String, _ port: Int, until text: String) throws -> String {
        let socket = try open(port)
        defer { _ = close(socket) }
        try send(socket, "GET", path, [], "")
        var answer: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while !String(decoding: answer, as: UTF8.self).contains(text) {
            let count = read(socket, &buffer, buffer.count)
            guard count > 0 else { break }
            answer += buffer.prefix(count)
        }
        return String(decoding: answer, as: UTF8.self)
    }

    private static func send(
        _ socket: Int32, _ method: String, _ path: String, _ headers: [String], _ body: String
    ) throws {
        let lines = ["\(method) \(path) HTTP/1.1", "Host: localhost"] + headers
        let request = Array((lines.joined(separator: "\r\n") + "\r\n\r\n" + body).utf8)
        try #require(write(socket, request, request.count) == request.count)
    }

    private static func open(_ port: Int) throws -> Int32 {
        #if canImport(Glibc)
            let type = Int32(SOCK_STREAM.rawValue)
        #else
            let type = SOCK_STREAM
        #endif
        let socket = socket(AF_INET, type, 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        let isConnected = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
        guard isConnected else {
            _ = close(socket)
            throw NotConnected()
        }
        // A server that says nothing fails the test instead of holding it up.
        var limit = timeval(tv_sec: 20, tv_usec: 0)
        _ = setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        return socket
    }

    struct NotConnected: Error {}
}
