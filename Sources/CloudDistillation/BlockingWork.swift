import Foundation

/// Runs work that blocks on a thread of its own, so that the shared pool, which the loops live on, stays free.
enum BlockingWork {
    /// Bytes of stack; training keeps its buffers on the heap.
    private static let stackSize = 8 << 20

    /// Runs `body` to its end. A caller that must not wait so long hands `body` something that stops it.
    static func run<T: Sendable>(_ name: String, _ body: @escaping @Sendable () throws -> T) async throws -> T {
        try await withCheckedThrowingContinuation { continuation in
            let thread = Thread { continuation.resume(with: Result { try body() }) }
            thread.name = name
            thread.stackSize = stackSize
            thread.start()
        }
    }
}
