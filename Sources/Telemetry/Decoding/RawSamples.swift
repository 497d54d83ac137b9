/// Packed little-endian samples, channels interleaved.
enum RawSamples {
    enum Format: String, Sendable { case int16, float32 }

    /// - Returns: (rows × channels), row-major.
    /// - Throws: ``SourceError`` `.payload` where the bytes are no whole number of rows.
    static func read(_ bytes: [UInt8], _ format: Format, channels: Int) throws(SourceError) -> [Double] {
        let width = format == .int16 ? 2 : 4
        guard !bytes.isEmpty, bytes.count % (width * channels) == 0 else {
            throw SourceError(
                .payload,
                "\(bytes.count) bytes are no rows of \(channels) \(format.rawValue): each has \(width * channels) bytes"
            )
        }
        return stride(from: 0, to: bytes.count, by: width).map { at in
            let low = UInt16(bytes[at]) | UInt16(bytes[at + 1]) << 8
            switch format {
            case .int16: return Double(Int16(bitPattern: low))
            case .float32:
                let high = UInt32(bytes[at + 2]) << 16 | UInt32(bytes[at + 3]) << 24
                return Double(Float(bitPattern: UInt32(low) | high))
            }
        }
    }
}
