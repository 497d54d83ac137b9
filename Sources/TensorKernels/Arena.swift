#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// What an ``Arena`` begins with: constants, and room for activations with their padding around them.
package struct ArenaImage {
    package private(set) var bytes: [UInt8] = []

    package init() {}

    /// Bytes that begin at a cache line.
    ///
    /// - Returns: their offset.
    package mutating func reserve(_ count: Int, filledWith byte: UInt8 = 0) -> Int {
        bytes.append(contentsOf: repeatElement(0, count: -bytes.count & 63))
        let start = bytes.count
        bytes.append(contentsOf: repeatElement(byte, count: count))
        return start
    }

    /// Copies values to the next cache line.
    ///
    /// - Returns: their offset.
    package mutating func store<Value: BitwiseCopyable>(_ values: [Value]) -> Int {
        let start = reserve(0)
        values.withUnsafeBytes { bytes.append(contentsOf: $0) }
        return start
    }
}

/// One block of memory for all that an engine reads and writes: it allocates nothing else once it is made.
package final class Arena {
    package let base: UnsafeMutableRawPointer
    package let count: Int

    package init(_ image: ArenaImage) {
        // Kernels read up to 60 bytes behind a row's last element, and use none of them.
        count = image.bytes.count + 64
        base = .allocate(byteCount: count, alignment: 64)
        memset(base, 0, count)
        image.bytes.withUnsafeBytes {
            base.copyMemory(from: $0.baseAddress ?? UnsafeRawPointer(base), byteCount: $0.count)
        }
    }

    deinit { base.deallocate() }
}
