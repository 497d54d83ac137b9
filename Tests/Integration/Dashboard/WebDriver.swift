import Dispatch
import Foundation
import JSON

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// A driver of the W3C WebDriver protocol at a port of this machine: JSON over HTTP, one request a connection.
struct WebDriver: Sendable {
    let port: Int

    /// One command of the protocol; its value.
    func ask(_ method: String, _ path: String, _ body: JSONValue?) async throws -> JSONValue {
        let payload = body?.bytes ?? []
        let lines = [
            "\(method) \(path) HTTP/1.1", "Host: localhost:\(port)", "Content-Type: application/json",
            "Content-Length: \(payload.count)", "Connection: close",
        ]
        let request = Array((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8) + payload
        let answer = try await withCheckedThrowingContinuation { continuation in
            // Blocks a thread that none of Swift's tasks needs.
            DispatchQueue.global().async { continuation.resume(with: Result { try exchange(request) }) }
        }
        let (status, content) = try Self.parts(answer)
        let value = try JSONObjectReader(JSONValue(parsing: content)).object["value"] ?? .null
        guard status == 200 else {
            throw FixtureError("WebDriver, \(method) \(path): \(value.object?["message"]?.string ?? value.text)")
        }
        return value
    }

    /// Status and body of a whole answer.
    private static func parts(_ answer: [UInt8]) throws -> (Int, [UInt8]) {
        let mark = Array("\r\n\r\n".utf8)
        guard let end = answer.firstRange(of: mark) else { throw FixtureError("WebDriver gave no answer") }
        let head = String(decoding: answer[..<end.lowerBound], as: UTF8.self)
        guard let status = head.split(separator: " ").dropFirst().first.flatMap({ Int($0.prefix(3)) }) else {
            throw FixtureError("WebDriver gave no status: \(head.prefix(80))")
        }
        return (status, Array(answer[end.upperBound...]))
    }

    private func exchange(_ request: [UInt8]) throws -> [UInt8] {
        #if canImport(Glibc)
            let socket = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        #else
            let socket = socket(AF_INET, SOCK_STREAM, 0)
        #endif
        defer { _ = close(socket) }
        var limit = timeval(tv_sec: 60, tv_usec: 0)
        _ = setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        let isConnected = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
        guard isConnected else { throw FixtureError("nobody listens at port \(port)") }
        var rest = request[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { write(socket, $0.baseAddress, $0.count) }
            guard count > 0 else { throw FixtureError("the driver takes nothing more") }
            rest = rest.dropFirst(count)
        }
        var answer: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while !Self.isWhole(answer) {
            let count = read(socket, &buffer, buffer.count)
            guard count > 0 else { break }
            answer += buffer.prefix(count)
        }
        return answer
    }

    /// Whether all that the head announces is there.
    private static func isWhole(_ answer: [UInt8]) -> Bool {
        guard let end = answer.firstRange(of: Array("\r\n\r\n".utf8)) else { return false }
        let head = String(decoding: answer[..<end.lowerBound], as: UTF8.self).lowercased()
        let length = head.split(separator: "\r\n").first { $0.hasPrefix("content-length:") }
            .flatMap { Int($0.dropFirst(15).trimmingCharacters(in: .whitespaces)) }
        return length.map { answer.count - end.upperBound >= $0 } ?? false
    }
}
