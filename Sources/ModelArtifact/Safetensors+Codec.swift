import JSON

extension Safetensors {
    /// Reads a file, strictly: tensors cover the data without gap or overlap, sizes agree with shapes, names are unique.
    ///
    /// - Throws: ``ArtifactError`` `.malformed`, `.tooLarge`, `.wrongType`.
    public init(decoding bytes: [UInt8], limits: Limits = Limits()) throws(ArtifactError) {
        let header = try Self.header(of: bytes, limits: limits)
        let data = 8 + header.length
        metadata = [:]
        var entries: [Entry] = []
        for (name, value) in header.object {
            if name == "__metadata__" {
                metadata = try Self.metadata(value)
            } else {
                entries.append(try Entry(name: name, value: value, available: bytes.count - data))
            }
        }
        guard entries.count <= limits.tensors else {
            throw ArtifactError(.tooLarge, "\(entries.count) tensors; at most \(limits.tensors) are accepted")
        }
        entries.sort { ($0.begin, $0.end) < ($1.begin, $1.end) }
        var position = 0
        tensors = []
        for entry in entries {
            guard entry.begin == position else {
                throw ArtifactError(
                    .malformed, "the tensor \(entry.name) begins at \(entry.begin), where \(position) is expected")
            }
            position = entry.end
            tensors.append(
                SafetensorsTensor(
                    name: entry.name, element: entry.element, shape: entry.shape,
                    bytes: Array(bytes[data + entry.begin..<data + entry.end])))
        }
        guard data + position == bytes.count else {
            throw ArtifactError(
                .malformed, "the file ends \(bytes.count - data - position) bytes after the last tensor")
        }
    }

    private static func header(
        of bytes: [UInt8], limits: Limits
    ) throws(ArtifactError) -> (object: JSONObject, length: Int) {
        guard bytes.count >= 8 else { throw ArtifactError(.malformed, "the file is cut off within its first 8 bytes") }
        let length = (0..<8).reduce(UInt64(0)) { $0 | UInt64(bytes[$1]) << (8 * UInt64($1)) }
        guard length <= UInt64(limits.headerBytes) else {
            throw ArtifactError(
                .tooLarge, "the header claims \(length) bytes; at most \(limits.headerBytes) are accepted")
        }
        let end = 8 + Int(length)
        guard end <= bytes.count else {
            throw ArtifactError(
                .malformed, "the file is cut off within its header: \(end) bytes expected, \(bytes.count) there")
        }
        guard length > 0, bytes[8] == UInt8(ascii: "{") else {
            throw ArtifactError(.malformed, "the header does not begin with '{'")
        }
        do throws(JSONError) {
            let value = try JSONValue(parsing: Array(bytes[8..<end]), maximumDepth: 8, maximumBytes: limits.headerBytes)
            return (try JSONObjectReader(value).object, Int(length))
        } catch {
            throw ArtifactError(.malformed, "the header is no sound JSON: \(error)", cause: error)
        }
    }

    private static func metadata(_ value: JSONValue) throws(ArtifactError) -> [String: String] {
        guard let object = value.object else {
            throw ArtifactError(.malformed, "__metadata__ is no object but a \(value.kind)")
        }
        var strings: [String: String] = [:]
        for (key, value) in object {
            guard let text = value.string else {
                throw ArtifactError(.malformed, "__metadata__.\(key) is no string but a \(value.kind)")
            }
            strings[key] = text
        }
        return strings
    }

    /// A tensor as the header describes it, checked against the bytes there are.
    private struct Entry {
        let name: String
        let element: SafetensorsTensor.Element
        let shape: [Int]
        let begin: Int
        let end: Int

        init(name: String, value: JSONValue, available: Int) throws(ArtifactError) {
            self.name = name
            let offsets: [Int]
            do throws(JSONError) {
                let reader = try JSONObjectReader(value, path: name)
                element = try reader.word("dtype")
                shape = try Entry.naturals(reader, "shape")
                offsets = try Entry.naturals(reader, "data_offsets")
            } catch {
                throw ArtifactError(.malformed, "the header: \(error)", cause: error)
            }
            guard offsets.count == 2, offsets[0] <= offsets[1] else {
                throw ArtifactError(.malformed, "\(name).data_offsets: two ascending offsets are expected")
            }
            (begin, end) = (offsets[0], offsets[1])
            guard end <= available else {
                throw ArtifactError(.malformed, "\(name) ends at \(end), beyond the file's \(available) bytes of data")
            }
            guard shape.count <= 8 else {
                throw ArtifactError(.tooLarge, "\(name).shape has \(shape.count) dimensions")
            }
            var size = element.size
            for extent in shape {
                let (product, overflow) = size.multipliedReportingOverflow(by: extent)
                guard !overflow else { throw ArtifactError(.tooLarge, "\(name).shape overflows") }
                size = product
            }
            guard size == end - begin else {
                throw ArtifactError(
                    .malformed, "\(name): \(element.rawValue) of shape \(shape) takes \(size) bytes, not \(end - begin)"
                )
            }
        }

        private static func naturals(_ reader: JSONObjectReader, _ key: String) throws(JSONError) -> [Int] {
            let elements = try reader.elements(key)
            let values = elements.compactMap { $0.integer.flatMap(Int.init(exactly:)) }.filter { $0 >= 0 }
            guard values.count == elements.count else {
                throw JSONError(.wrongType, "\(reader.path).\(key): natural numbers are expected")
            }
            return values
        }
    }

    /// The file: larger elements first, then by name, so that every tensor is aligned and equal content gives equal bytes.
    ///
    /// - Precondition: names are unique and none is `__metadata__`.
    public func encode() -> [UInt8] {
        let ordered = tensors.sorted { ($1.element.size, $0.name) < ($0.element.size, $1.name) }
        precondition(
            Set(ordered.map(\.name) + ["__metadata__"]).count == ordered.count + 1, "tensor names must be unique")
        var object = JSONObject()
        if !metadata.isEmpty {
            var strings = JSONObject()
            for (key, value) in metadata.sorted(by: { $0.key < $1.key }) { strings[key] = .string(value) }
            object["__metadata__"] = .object(strings)
        }
        var position = 0
        for tensor in ordered {
            let end = position + tensor.bytes.count
            object[tensor.name] = .object([
                "dtype": .string(tensor.element.rawValue),
                "shape": .array(tensor.shape.map { .integer(Int64($0)) }),
                "data_offsets": .array([.integer(Int64(position)), .integer(Int64(end))]),
            ])
            position = end
        }
        var header = JSONValue.object(object).bytes
        while header.count % 8 != 0 { header.append(0x20) }
        var file: [UInt8] = []
        file.reserveCapacity(8 + header.count + position)
        for shift in stride(from: 0, to: 64, by: 8) { file.append(UInt8(truncatingIfNeeded: header.count >> shift)) }
        file += header
        for tensor in ordered { file += tensor.bytes }
        return file
    }
}
