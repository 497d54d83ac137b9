import Energy
import Foundation
import Testing

@Suite("docs/energy.md moves with the profiles")
struct DocumentationTests {
    @Test("Every built-in profile and radio stands there with its revision and the source of every number")
    func profiles() throws {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let text = try String(contentsOf: folder.appendingPathComponent("docs/energy.md"), encoding: .utf8)
        let documents =
            DeviceProfile.builtIn.map { ($0.name, $0.about, $0.sources) }
            + RadioProfile.builtIn.map { ($0.name, $0.about, $0.sources) }
        for (name, about, sources) in documents {
            #expect(text.contains("**`\(name)`** \(about)."))
            for (key, source) in sources { #expect(text.contains("| \(source) |"), "\(name): \(key)") }
        }
    }
}
