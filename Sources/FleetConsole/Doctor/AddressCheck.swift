import Dispatch

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Whether a host is known and its port open.
enum AddressCheck {
    /// - Returns: what was found, and whether a connection could be made.
    static func run(host: String, port: Int, limit: Duration) async -> (findings: [DoctorFinding], isOpen: Bool) {
        await withCheckedContinuation { continuation in
            // Name look-ups block: off the shared pool.
            DispatchQueue.global().async {
                continuation.resume(returning: look(host: host, port: port, limit: limit))
            }
        }
    }

    private static func look(host: String, port: Int, limit: Duration) -> ([DoctorFinding], Bool) {
        var hints = addrinfo()
        #if canImport(Glibc)
            hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        #else
            hints.ai_socktype = SOCK_STREAM
        #endif
        var list: UnsafeMutablePointer<addrinfo>?
        let code = getaddrinfo(host, String(port), &hints, &list)
        guard code == 0, let list else {
            let why = gai_strerror(code).map { String(cString: $0) } ?? "error \(code)"
            return (
                [
                    .error(
                        "broker.name", "the host \(host) is not known: \(why)",
                        do: "check the name in --broker or RETORT_BUS_URL, and this machine's name service")
                ], false
            )
        }
        defer { freeaddrinfo(list) }
        let clock = ContinuousClock()
        var reason = "no address"
        var next: UnsafeMutablePointer<addrinfo>? = list
        while let entry = next {
            let start = clock.now
            let failure = connect(to: entry.pointee, limit: limit)
            guard let failure else {
                let took = Quantity.number((clock.now - start) / .milliseconds(1))
                return ([.ok("broker.port", "\(host) accepts connections on port \(port) (\(took) ms)")], true)
            }
            reason = failure
            next = entry.pointee.ai_next
        }
        return (
            [
                .error(
                    "broker.port", "nobody accepts connections on port \(port) of \(host): \(reason)",
                    do: "start the broker (`retort up`, systemctl start mosquitto), check its listener and the firewall"
                )
            ], false
        )
    }

    /// Why no connection was made; nothing where one was.
    private static func connect(to address: addrinfo, limit: Duration) -> String? {
        let handle = socket(address.ai_family, address.ai_socktype, address.ai_protocol)
        guard handle >= 0 else { return String(cString: strerror(errno)) }
        defer { close(handle) }
        _ = fcntl(handle, F_SETFL, fcntl(handle, F_GETFL, 0) | O_NONBLOCK)
        if openConnection(handle, address.ai_addr, address.ai_addrlen) == 0 { return nil }
        guard errno == EINPROGRESS else { return String(cString: strerror(errno)) }
        var wait = pollfd(fd: handle, events: Int16(POLLOUT), revents: 0)
        let milliseconds = Int32(max(1, min(60_000, limit / .milliseconds(1))))
        guard poll(&wait, 1, milliseconds) == 1 else { return "no answer within \(limit)" }
        var failure: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        getsockopt(handle, SOL_SOCKET, SO_ERROR, &failure, &length)
        return failure == 0 ? nil : String(cString: strerror(failure))
    }
}

/// libc's `connect`, out of reach by name where a method is called the same.
private func openConnection(_ handle: Int32, _ address: UnsafePointer<sockaddr>?, _ length: socklen_t) -> Int32 {
    connect(handle, address, length)
}
