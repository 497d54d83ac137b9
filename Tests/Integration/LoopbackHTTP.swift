import Foundation

/// Requests to servers of this machine's loopback interface.
enum LoopbackHTTP {
    struct Answer {
        var status: Int
        /// Status line and headers.
        var head: String
        var body: String
    }

    /// Asks for a path, which is to be encoded; in HTTP 1.0, so that the answer comes in one piece.
    static func get(_ port: Int, _ path: String, accept: String? = nil) throws -> Answer {
        let bytes = try LoopbackPort.exchange(
            port,
            "GET \(path) HTTP/1.0\r\nHost: localhost\r\nConnection: close\r\n"
                + "\(accept.map { "Accept: \($0)\r\n" } ?? "")\r\n")
        let text = String(decoding: bytes, as: UTF8.self)
        guard let end = text.range(of: "\r\n\r\n"), let status = text.split(separator: " ").dropFirst().first,
            let code = Int(status)
        else {
            throw FixtureError("no answer from port \(port) to \(path): \(text.prefix(200))")
        }
        return Answer(status: code, head: String(text[..<end.lowerBound]), body: String(text[end.upperBound...]))
    }
}
