internal import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Threads of our own for long computations, so that these never sit on the threads of Swift concurrency.
///
/// `run` hands out indices to whichever thread is free. Results are deterministic where the work of an index depends on
/// nothing but the index.
public final class ComputePool: Sendable {
    /// Threads that compute, the caller's included.
    public let threads: Int
    private let state: State
    private let handles: [pthread_t]

    /// - Parameter threads: at least 1; the calling thread is one of them.
    public init(threads: Int) {
        precondition(threads >= 1, "a pool has threads")
        self.threads = threads
        let state = State()
        self.state = state
        handles = (1..<threads).compactMap { _ in
            let context = Unmanaged.passRetained(state)
            #if canImport(Darwin)
                var handle: pthread_t?
            #else
                var handle = pthread_t()
            #endif
            let failure = pthread_create(&handle, nil, ComputePool.main, context.toOpaque())
            // A machine that gives no further thread computes with those it gave.
            if failure != 0 {
                context.release()
                return nil
            }
            return handle
        }
    }

    deinit {
        state.stop()
        for handle in handles { pthread_join(handle, nil) }
    }

    /// Threads that this machine runs at once.
    public static var processors: Int { max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN)))) }

    /// Calls `body` once for each index below `count`, on any of the threads, and returns when all are done.
    ///
    /// Only one caller at a time may run a pool; `body` must not run the same pool.
    public func run(_ count: Int, _ body: @Sendable (Int) -> Void) {
        guard count > 1, !handles.isEmpty else {
            for index in 0..<count { body(index) }
            return
        }
        withoutActuallyEscaping(body) { body in
            state.start(count, body)
            state.help()
            state.wait()
        }
    }

    #if canImport(Darwin)
        private static let main: @convention(c) (UnsafeMutableRawPointer) -> UnsafeMutableRawPointer? = { context in
            Unmanaged<State>.fromOpaque(context).takeRetainedValue().work()
            return nil
        }
    #else
        private static let main: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? = { context in
            if let context { Unmanaged<State>.fromOpaque(context).takeRetainedValue().work() }
            return nil
        }
    #endif
}

extension ComputePool {
    /// What the threads share.
    ///
    /// Before a thread sleeps it looks out a little for what it waits for: steps of small networks take less time than
    /// waking a thread.
    ///
    /// `@unchecked`: every field but the atomic ones is read and written under `mutex` alone (pthread_mutex_lock(3): "the
    /// mutex … is locked, with the calling thread as its owner").
    private final class State: @unchecked Sendable {
        private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
        private let begun = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
        private let ended = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
        private var body: (@Sendable (Int) -> Void)?
        private var next = 0
        private var count = 0
        private var unfinished = 0
        private var stopped = false
        /// Calls of `start`, and those of them that are done.
        private let started = Atomic(0)
        private let finished = Atomic(0)

        init() {
            pthread_mutex_init(mutex, nil)
            pthread_cond_init(begun, nil)
            pthread_cond_init(ended, nil)
        }

        deinit {
            pthread_cond_destroy(ended)
            pthread_cond_destroy(begun)
            pthread_mutex_destroy(mutex)
            ended.deallocate()
            begun.deallocate()
            mutex.deallocate()
        }

        func start(_ count: Int, _ body: @escaping @Sendable (Int) -> Void) {
            pthread_mutex_lock(mutex)
            precondition(self.body == nil, "one caller at a time runs a pool")
            self.body = body
            self.count = count
            next = 0
            unfinished = count
            started.add(1, ordering: .releasing)
            pthread_cond_broadcast(begun)
            pthread_mutex_unlock(mutex)
        }

        /// Takes indices until none is left.
        func help() {
            pthread_mutex_lock(mutex)
            helpLocked()
            pthread_mutex_unlock(mutex)
        }

        private func helpLocked() {
            while let body, next < count {
                let index = next
                next += 1
                pthread_mutex_unlock(mutex)
                body(index)
                pthread_mutex_lock(mutex)
                unfinished -= 1
                if unfinished == 0 {
                    finished.add(1, ordering: .releasing)
                    pthread_cond_broadcast(ended)
                }
            }
        }

        func wait() {
            // Only the caller starts runs, so the number stands still meanwhile.
            let run = started.load(ordering: .relaxed)
            Self.lookOut { finished.load(ordering: .acquiring) == run }
            pthread_mutex_lock(mutex)
            while unfinished > 0 { pthread_cond_wait(ended, mutex) }
            body = nil
            pthread_mutex_unlock(mutex)
        }

        func work() {
            pthread_mutex_lock(mutex)
            while !stopped {
                helpLocked()
                let run = started.load(ordering: .relaxed)
                pthread_mutex_unlock(mutex)
                Self.lookOut { started.load(ordering: .acquiring) != run }
                pthread_mutex_lock(mutex)
                // Nothing was missed meanwhile: `start` counts under the mutex.
                while !stopped, started.load(ordering: .relaxed) == run { pthread_cond_wait(begun, mutex) }
            }
            pthread_mutex_unlock(mutex)
        }

        /// Asks some ten thousand times, which takes about as long as a thread needs to fall asleep and wake.
        private static func lookOut(_ condition: () -> Bool) {
            for _ in 0..<20_000 where condition() { return }
        }

        func stop() {
            pthread_mutex_lock(mutex)
            stopped = true
            pthread_cond_broadcast(begun)
            pthread_mutex_unlock(mutex)
        }
    }
}
