import ModelArtifact

/// A safetensors file as its difference from another, tensor by tensor.
///
/// Numbers are LEB128. The parts are: length of the target's header (its first 8 bytes included) and the header; where
/// in it the base's digest stood (students name their base), counted from 1, or 0, its 64 digits being left out; count
/// of tensors; a descriptor of each in the order of their bytes: operation, then the index of the base's tensor (same,
/// difference) or the length in bytes (replaced); where a tensor is coded, the length of the code of all such and the
/// code (``ResidualModel``); then the data of each. What a packed difference's data is says ``ResidualPacking``.
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
        /// The base's tensor of that index plus differences in the common code.
        case coded(Int)

        var code: UInt8 {
            switch self {
            case .same: 0
            case .replaced: 1
            case .difference(_, let packing, _): packing.rawValue
            case .coded: WeightResidual.codedOperation
            }
        }
    }

    static let codedOperation: UInt8 = 9

    /// Residuals worth compressing: one in code and one for each packing; none where the files have no tensors in common.
    static func candidates(base: [UInt8], target: [UInt8]) -> [[UInt8]] {
        let files: (base: Safetensors, target: Safetensors)
        do throws(ArtifactError) {
            files = (try Safetensors(decoding: base), try Safetensors(decoding: target))
        } catch {
            return []  // not safetensors: other methods remain
        }
        let header = Array(target[..<(target.count - files.target.tensors.reduce(0) { $0 + $1.bytes.count })])
        let matches = files.target.tensors.map { files.base.index(matching: $0) }
        guard matches.contains(where: { $0 != nil }) else { return [] }
        let digest = ContentDigest(of: base)
        var coder = BinaryRangeEncoder()
        var models = ResidualModels()
        let coded = zip(files.target.tensors, matches).map { tensor, match -> Operation in
            guard let match else { return .replaced(tensor.bytes) }
            let old = files.base.tensors[match].bytes
            if old == tensor.bytes { return .same(match) }
            models.encode(tensor.bytes, from: old, elementSize: tensor.element.size, &coder)
            return .coded(match)
        }
        let code = coder.finish()
        return [serialise(header, coded, code: code, base: digest)]
            + ResidualPacking.byteWise.map { packing in
                let operations = zip(files.target.tensors, matches).map { tensor, match -> Operation in
                    guard let match else { return .replaced(tensor.bytes) }
                    let old = files.base.tensors[match].bytes
                    if old == tensor.bytes { return .same(match) }
                    let packing = ResidualPacking.planes(tensor.element.size) ?? packing
                    return .difference(match, packing, data: packing.pack(tensor.bytes, from: old))
                }
                return serialise(header, operations, code: [], base: digest)
            }
    }

    private static func serialise(
        _ header: [UInt8], _ operations: [Operation], code: [UInt8], base digest: ContentDigest
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
            case .same(let index), .difference(let index, _, _), .coded(let index): append(index, to: &bytes)
            case .replaced(let data): append(data.count, to: &bytes)
            }
        }
        if operations.contains(where: { $0.code == codedOperation }) {
            append(code.count, to: &bytes)
            bytes += code
        }
        for operation in operations {
            switch operation {
            case .same, .coded: break
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
    /// - Parameter digest: of the base.
    /// - Throws: ``DeltaError`` `.malformed`, `.tooLarge`.
    static func apply(
        _ residual: [UInt8], to base: [UInt8], digest: ContentDigest, maximumBytes: Int
    ) throws(DeltaError) -> [UInt8] {
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
            target.insert(contentsOf: Array(digest.hex.utf8), at: place - 1)
        }
        var plan: [(code: UInt8, number: Int)] = []
        for _ in 0..<(try reader.number(atMost: 65_536)) { plan.append((try reader.byte(), try reader.number())) }
        let isCoded = plan.contains { $0.code == codedOperation }
        var coder = BinaryRangeDecoder(isCoded ? try reader.bytes(try reader.number()) : [])
        var models = ResidualModels()
        for (code, number) in plan {
            switch code {
            case 0: target += try tensor(number, of: tensors).bytes
            case codedOperation:
                let base = try tensor(number, of: tensors)
                target += models.decode(onto: base.bytes, elementSize: base.element.size, &coder)
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
        guard !coder.hasRest else { throw DeltaError(.malformed, "the residual's code is longer than its tensors") }
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
