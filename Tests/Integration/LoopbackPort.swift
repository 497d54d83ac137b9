#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// TCP ports of this machine's loopback interface.
enum LoopbackPort {
    /// A port that nobody listens on now.
    static func free() throws -> Int {
        try withSocket { socket in
            var address = address(port: 0)
            var length = socklen_t(MemoryLayout<sockaddr_in>.size)
            let port: Int? = withUnsafeMutablePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    bind(socket, $0, length) == 0 && getsockname(socket, $0, &length) == 0
                        ? Int(UInt16(bigEndian: pointer.pointee.sin_port)) : nil
                }
            }
            guard let port else { throw FixtureError("no free port: \(String(cString: strerror(errno)))") }
            return port
        }
    }

    /// Whether somebody accepts connections.
    static func isOpen(_ port: Int) throws -> Bool {
        try withSocket { socket in
            var address = address(port: port)
            return withUnsafePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
                }
            }
        }
    }

    /// Sends a request, and returns all that comes until the other side closes, or says nothing for ten seconds.
    static func exchange(_ port: Int, _ request: String) throws -> [UInt8] {
        try withSocket { socket in
            var patience = timeval(tv_sec: 10, tv_usec: 0)
            setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
            var address = address(port: port)
            let isConnected = withUnsafePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
                }
            }
            let bytes = Array(request.utf8)
            guard isConnected, write(socket, bytes, bytes.count) == bytes.count else {
                throw FixtureError("port \(port) does not listen: \(String(cString: strerror(errno)))")
            }
            var answer: [UInt8] = []
            var buffer = [UInt8](repeating: 0, count: 65_536)
            while case let count = read(socket, &buffer, buffer.count), count > 0 { answer += buffer.prefix(count) }
            return answer
        }
    }

    private static func address(port: Int) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        return address
    }

    private static func withSocket<T>(_ body: (Int32) throws -> T) throws -> T {
        #if canImport(Glibc)
            let type = Int32(SOCK_STREAM.rawValue)
        #else
            let type = SOCK_STREAM
        #endif
        let socket = socket(AF_INET, type, 0)
        guard socket >= 0 else { throw FixtureError("no socket: \(String(cString: strerror(errno)))") }
        defer { _ = close(socket) }
        return try body(socket)
    }
}

/// What keeps a fixture from standing.
struct FixtureError: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}
