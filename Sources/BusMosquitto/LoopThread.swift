import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// A thread of our own, because the library's loop blocks, and a way to interrupt its pauses.
final class LoopThread: Sendable {
    private final class Body: Sendable {
        let run: @Sendable () -> Void
        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }

    private let pipe: (read: Int32, write: Int32)?

    init() {
        var ends: [Int32] = [-1, -1]
        #if canImport(Glibc)
            let made = Glibc.pipe(&ends)
        #elseif canImport(Musl)
            let made = Musl.pipe(&ends)
        #else
            let made = Darwin.pipe(&ends)
        #endif
        for end in ends where made == 0 { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        pipe = made == 0 ? (ends[0], ends[1]) : nil
    }

    deinit {
        guard let pipe else { return }
        _ = close(pipe.read)
        _ = close(pipe.write)
    }

    /// Runs the closure on a new thread; false where the system gives none.
    func start(_ run: @escaping @Sendable () -> Void) -> Bool {
        let body = Unmanaged.passRetained(Body(run)).toOpaque()
        #if canImport(Glibc)
            var thread = pthread_t()
        #else
            var thread: pthread_t?
        #endif
        let code = pthread_create(
            &thread, nil,
            { @Sendable pointer in
                #if canImport(Darwin)
                    let body = pointer
                #else
                    guard let body = pointer else { return nil }
                #endif
                LoopThread.ignoreBrokenPipes()
                Unmanaged<Body>.fromOpaque(body).takeRetainedValue().run()
                return nil
            }, body)
        guard code == 0 else {
            Unmanaged<Body>.fromOpaque(body).release()
            return false
        }
        #if canImport(Glibc)
            pthread_detach(thread)
        #else
            if let thread { pthread_detach(thread) }
        #endif
        return true
    }

    /// TLS writes to a socket whose peer is gone would otherwise end the process.
    private static func ignoreBrokenPipes() {
        var signals = sigset_t()
        sigemptyset(&signals)
        sigaddset(&signals, SIGPIPE)
        pthread_sigmask(SIG_BLOCK, &signals, nil)
    }

    /// Pauses the calling thread, at most until ``interrupt()``.
    func pause(milliseconds: Int32) {
        guard let pipe else {
            usleep(UInt32(milliseconds) * 1000)
            return
        }
        var wait = pollfd(fd: pipe.read, events: Int16(POLLIN), revents: 0)
        _ = poll(&wait, 1, milliseconds)
    }

    /// Ends this pause and every later one.
    func interrupt() {
        guard let pipe else { return }
        var byte: UInt8 = 0
        _ = write(pipe.write, &byte, 1)
    }
}
