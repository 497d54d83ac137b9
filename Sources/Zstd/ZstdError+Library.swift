import CZstd

extension ZstdError {
    /// Passes a result of libzstd on, or throws what it says is wrong.
    static func check(_ result: Int, file: String = #fileID, line: Int = #line) throws(ZstdError) -> Int {
        guard ZSTD_isError(result) != 0 else { return result }
        let number = ZSTD_getErrorCode(result).rawValue
        let name = String(cString: ZSTD_getErrorName(result))
        switch number {
        case ZSTD_error_frameParameter_windowTooLarge.rawValue:
            throw ZstdError(
                .windowTooLarge, "the zstd frame asks for a larger window than is allowed", file: file, line: line)
        case ZSTD_error_memory_allocation.rawValue:
            throw ZstdError(.outOfMemory, "libzstd: \(name)", file: file, line: line)
        case ZSTD_error_dstSize_tooSmall.rawValue:
            throw ZstdError(.tooLarge, "libzstd: \(name)", file: file, line: line)
        case ZSTD_error_prefix_unknown.rawValue, ZSTD_error_corruption_detected.rawValue,
            ZSTD_error_checksum_wrong.rawValue, ZSTD_error_dictionary_wrong.rawValue,
            ZSTD_error_dictionary_corrupted.rawValue, ZSTD_error_frameParameter_unsupported.rawValue,
            ZSTD_error_version_unsupported.rawValue, ZSTD_error_srcSize_wrong.rawValue:
            throw ZstdError(.corrupt, "not a sound zstd frame: \(name)", file: file, line: line)
        default:
            throw ZstdError(.failed, "libzstd: \(name)", file: file, line: line)
        }
    }
}
