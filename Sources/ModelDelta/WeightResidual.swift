import ModelArtifact

/// A safetensors file as its difference from another, tensor by tensor.
///
/// Numbers are LEB128. The parts are: length of the target's header (its first 8 bytes included) and the header; where
/// in it the base's digest stood (students name their base), counted from 1, or 0, its 64 digits being left out; count
/// of tensors; a descriptor of each in the order of their bytes: operation, then the index of the base's tensor (same,
/// difference) or the length in bytes (replaced); then the data of each. What a difference's data is says
/// ``ResidualPacking``.
enum WeightResidual {
    /// Bytes beyond twice the target that descriptors may take.
    static let maximumOverhead = 1 << 16

    /// What becomes of a tensor.
    enum Operation: Equatable {
        /// The base's tensor of that index as it is.
        case same(Int)
        case replaced([UInt8])
        /// The base's tensor of that index plus what is packed.
        case difference(Int, ResidualPacking, data: [UInt8])

        var code: UInt8 {
            switch self {
            case .same: 0
            case .replaced: 1
            case .difference(_, let packing, _): packing.rawValue
            }
        }

        var size: Int {
            switch self {
            case .same: 0
            case .replaced(let bytes): bytes.count
            case .difference(_, _, let data): data.count
            }
        }
    }

    /// Residuals worth compressing: one for each packing; none where the files have no tensors in common.
    static func candidates(base: [UInt8], target: [UInt8]) -> [[UInt8]] {
        let files: (base: Safetensors, target: Safetensors)
        do throws(ArtifactError) {
            files = (try Safetensors(decoding: base), try Safetensors(decoding: target))
        } catch {
            return []  // not safetensors: other methods remain
        }
        let header = Array(target[..<(target.count - files.target.tensors.reduce(0) { $0 + $1.bytes.count })])
        let matches = files.target.tensors.map { tensor in
            files.base.tensors.firstIndex {
                $0.name == tensor.name && $0.element == tensor.element && $0.bytes.count == tensor.bytes.count
            }
        }
        guard matches.contains(where: { $0 != nil }) else { return [] }
        let digest = ContentDigest(of: base)
        return ResidualPacking.byteWise.map { packing in
            let operations = zip(files.target.tensors, matches).map { tensor, match -> Operation in
                guard let match else { return .replaced(tensor.bytes) }
                let old = files.base.tensors[match].bytes
                if old == tensor.bytes { return .same(match) }
                let packing = ResidualPacking.planes(tensor.element.size) ?? packing
                return .difference(match, packing, data: packing.pack(tensor.bytes, from: old))
            }
            return serialise(header, operations, base: digest)
        }
    }

    private static func serialise(
        _ header: [UInt8], _ operations: [Operation], base digest: ContentDigest
    ) -> [UInt8] {
        var bytes: [UInt8] = []
        let named = Array(digest.hex.utf8)
        let place = header.indices.dropLast(named.count - 1).first {
            header[$0..<$0 + named.count].elementsEqual(named)
        }
        let kept = place.map { header[..<$0] + header[($0 + named.count)...] } ?? header[...]
        append(kept.count, to: &bytes)
        bytes += kept
        append(place.map { $0 + 1 } ?? 0, to: &bytes)
        append(operations.count, to: &bytes)
        for operation in operations {
            bytes.append(operation.code)
            switch operation {
            case .same(let index), .difference(let index, _, _): append(index, to: &bytes)
            case .replaced(let data): append(data.count, to: &bytes)
            }
        }
        for operation in operations {
            switch operation {
            case .same: break
            case .replaced(let data), .difference(_, _, let data): bytes += data
            }
        }
        return bytes
    }

    private static func append(_ value: Int, to bytes: inout [UInt8]) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }

    /// The target file.
    ///
    /// - Throws: ``DeltaError`` `.malformed`, `.tooLarge`.
    static func apply(_ residual: [UInt8], to base: [UInt8], maximumBytes: Int) throws(DeltaError) -> [UInt8] {
        let tensors: [SafetensorsTensor]
        do throws(ArtifactError) {
            tensors = try Safetensors(decoding: base).tensors
        } catch {
            throw DeltaError(.wrongBase, "the base is no safetensors file: \(error)", cause: error)
        }
        var reader = ResidualReader(residual)
        var target = try reader.bytes(try reader.number())
        let place = try reader.number()
        if place > 0 {
            guard place <= target.count + 1 else {
                throw DeltaError(.malformed, "the residual puts the base's digest beyond the header")
            }
            target.insert(contentsOf: Array(ContentDigest(of: base).hex.utf8), at: place - 1)
        }
        var plan: [(code: UInt8, number: Int)] = []
        for _ in 0..<(try reader.number(atMost: 65_536)) { plan.append((try reader.byte(), try reader.number())) }
        for (code, number) in plan {
            switch code {
            case 0: target += try tensor(number, of: tensors).bytes
            case 1: target += try reader.bytes(number)
            default:
                guard let packing = ResidualPacking(rawValue: code) else {
                    throw DeltaError(.unsupportedFormat, "the residual's operation \(code) is unknown")
                }
                target += try packing.unpack(&reader, onto: try tensor(number, of: tensors).bytes)
            }
            guard target.count <= maximumBytes else {
                throw DeltaError(.tooLarge, "the residual yields more than the \(maximumBytes) bytes promised")
            }
        }
        try reader.expectEnd()
        return target
    }

    private static func tensor(
        _ index: Int, of tensors: [SafetensorsTensor]
    ) throws(DeltaError) -> SafetensorsTensor {
        guard tensors.indices.contains(index) else {
            throw DeltaError(.malformed, "the residual names tensor \(index); the base has \(tensors.count)")
        }
        return tensors[index]
    }
}
