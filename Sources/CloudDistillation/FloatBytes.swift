/// Float32 values as the little-endian bytes that the database keeps.
enum FloatBytes {
    static func bytes(of values: [Float]) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: values.count * 4) { buffer, count in
            let raw = UnsafeMutableRawBufferPointer(buffer)
            for (index, value) in values.enumerated() {
                raw.storeBytes(of: value.bitPattern.littleEndian, toByteOffset: index * 4, as: UInt32.self)
            }
            count = values.count * 4
        }
    }

    /// The values of `bytes`; those beyond the last whole one are left out.
    static func values(of bytes: [UInt8]) -> [Float] {
        let count = bytes.count / 4
        return [Float](unsafeUninitializedCapacity: count) { buffer, initialised in
            bytes.withUnsafeBytes {
                copy(UnsafeRawBufferPointer(rebasing: $0[..<(count * 4)]), to: .init(rebasing: buffer[..<count]))
            }
            initialised = count
        }
    }

    /// Writes the values of `bytes` to `target`, which has room for them.
    ///
    /// - Precondition: four bytes for each element of `target`.
    static func copy(_ bytes: UnsafeRawBufferPointer, to target: UnsafeMutableBufferPointer<Float>) {
        precondition(bytes.count == target.count * 4, "four bytes make a float32")
        for index in target.indices {
            let word = bytes.loadUnaligned(fromByteOffset: index * 4, as: UInt32.self)
            target[index] = Float(bitPattern: UInt32(littleEndian: word))
        }
    }
}
