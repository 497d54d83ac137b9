import SystemPackage
import Testing

#if canImport(Glibc)
    import Glibc
#endif

/// Where the tests find what they run.
enum Repository {
    /// The package's folder, from this file's place in it.
    static let root = FilePath(#filePath).removingLastComponent().removingLastComponent().removingLastComponent()

    /// The folder of the executables under test, the one `./dev` builds into.
    static let binaries = root.appending(".build/release")

    static func executable(_ name: String) -> FilePath { binaries.appending(name) }

    /// Recorded data: `RETORT_DATASETS`, or `../shared/datasets` beside the repository; nothing where neither exists.
    static var datasets: FilePath? {
        let candidates = [environment("RETORT_DATASETS"), root.appending("../shared/datasets").string]
        return candidates.compactMap(\.self).map { FilePath($0) }.first { exists($0) }
    }

    /// Python with jsonschema and PyYAML, made by `./dev test`.
    static var python: String { environment("RETORT_TEST_PYTHON") ?? "python3" }

    static func environment(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }

    static func exists(_ path: FilePath) -> Bool { access(path.string, F_OK) == 0 }

    static func text(of path: FilePath) throws -> String {
        let file = try FileDescriptor.open(path, .readOnly)
        return try file.closeAfter {
            var bytes: [UInt8] = []
            var buffer = [UInt8](repeating: 0, count: 1 << 16)
            while true {
                let count = try buffer.withUnsafeMutableBytes { try file.read(into: $0) }
                if count == 0 { return String(decoding: bytes, as: UTF8.self) }
                bytes.append(contentsOf: buffer[..<count])
            }
        }
    }
}

/// A folder that is gone after `body`, whatever happens in it.
func withTemporaryDirectory<T>(_ body: (FilePath) async throws -> T) async throws -> T {
    var template = Array("/tmp/retort-test-XXXXXX".utf8CString)
    guard let made = mkdtemp(&template) else { throw ShellError(description: "mkdtemp failed with errno \(errno)") }
    let path = FilePath(String(cString: made))
    let result: Result<T, any Error>
    do { result = .success(try await body(path)) } catch { result = .failure(error) }
    _ = try? await Shell.run("rm", ["-rf", path.string])
    return try result.get()
}
