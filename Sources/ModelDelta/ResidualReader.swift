/// Reads a residual front to back, and never beyond its end.
struct ResidualReader {
    private let content: [UInt8]
    private var position = 0

    init(_ content: [UInt8]) { self.content = content }

    mutating func byte() throws(DeltaError) -> UInt8 {
        guard position < content.count else { throw DeltaError(.malformed, "the residual is cut off") }
        defer { position += 1 }
        return content[position]
    }

    mutating func bytes(_ count: Int) throws(DeltaError) -> [UInt8] {
        guard count <= content.count - position else { throw DeltaError(.malformed, "the residual is cut off") }
        defer { position += count }
        return Array(content[position..<position + count])
    }

    /// A LEB128 number below 2³⁵.
    mutating func number(atMost limit: Int = .max) throws(DeltaError) -> Int {
        var value = 0
        for shift in stride(from: 0, to: 35, by: 7) {
            let byte = try byte()
            value |= Int(byte & 0x7F) << shift
            if byte < 0x80 {
                guard value <= limit else {
                    throw DeltaError(.malformed, "the residual holds a number beyond \(limit)")
                }
                return value
            }
        }
        throw DeltaError(.malformed, "the residual holds a number beyond 2^35")
    }

    func expectEnd() throws(DeltaError) {
        guard position == content.count else {
            throw DeltaError(.malformed, "\(content.count - position) bytes follow the residual")
        }
    }
}
