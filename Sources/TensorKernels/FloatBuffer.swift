/// Floats that live outside of arrays: aligned to a cache line, zero at first, freed with their owner.
package final class FloatBuffer {
    package let pointer: UnsafeMutablePointer<Float>
    package let count: Int
    private let memory: UnsafeMutableRawPointer

    package init(count: Int) {
        self.count = count
        memory = .allocate(byteCount: max(count, 1) * MemoryLayout<Float>.stride, alignment: 64)
        pointer = memory.bindMemory(to: Float.self, capacity: max(count, 1))
        pointer.initialize(repeating: 0, count: max(count, 1))
    }

    deinit { memory.deallocate() }

    package convenience init(_ values: [Float]) {
        self.init(count: values.count)
        copy(from: values)
    }

    package var array: [Float] { Array(UnsafeBufferPointer(start: pointer, count: count)) }

    package func fill(_ value: Float) { pointer.update(repeating: value, count: count) }

    package func copy(from values: [Float]) {
        precondition(values.count == count, "as many values as the buffer holds")
        values.withUnsafeBufferPointer { source in
            if let base = source.baseAddress { pointer.update(from: base, count: count) }
        }
    }
}
