#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif
import ReleaseTrust
import Testing

/// Writes what `Tests/Integration/Fixtures/verify_tuf.py` reads.
@Suite("Metadata for foreign clients") struct ForeignClientTests {
    static let directory = getenv("RETORT_TUF_DIRECTORY").map { String(cString: $0) }

    @Test("A rotated root and a release are written for python-tuf", .enabled(if: directory != nil))
    func write() throws {
        let directory = try #require(Self.directory)
        let now = Int(time(nil))
        let validity = MetadataSigner.Validity(issued: now, expires: now + 86_400)
        let (old, new) = (try RoleKeys.generate(isDevelopment: true), try RoleKeys.generate(isDevelopment: false))
        let signer = MetadataSigner(keys: new)
        let targets = try signer.targets(
            [
                .student(
                    .init(
                        model: "activity", version: 7, profile: "x86-gateway", channel: "stable",
                        wave: .init(share: 125, salt: "é\"\\\u{1}", sites: ["home"]), isRollback: true),
                    length: 4711, sha256: String(repeating: "0f", count: 32)),
                .task(model: "activity", length: 9, sha256: String(repeating: "aa", count: 32)),
            ], version: 12, validity: validity)
        let snapshot = try signer.snapshot(of: targets, version: 34, validity: validity)
        let documents = [
            "1.root": try MetadataSigner(keys: old).root(version: 1, validity: validity),
            "2.root": try signer.root(version: 2, validity: validity, previous: old), "targets": targets,
            "snapshot": snapshot, "timestamp": try signer.timestamp(of: snapshot, version: 56, validity: validity),
        ]
        for (name, document) in documents {
            let file = try #require(fopen("\(directory)/\(name).json", "w"))
            defer { fclose(file) }
            #expect(fwrite(document.bytes, 1, document.bytes.count, file) == document.bytes.count)
        }
    }
}
