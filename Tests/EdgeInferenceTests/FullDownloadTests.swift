import JSON
import ModelArtifact
import ServiceRuntime
import Telemetry
import Testing

@testable import EdgeInference

@Suite("Whole files, as far as the policy allows", .serialized) struct FullDownloadTests {
    @Test("The budget counts the last day, over restarts and set-back clocks")
    func budget() throws {
        var downloads = FullDownloads(.bytesPerDay(1000))
        #expect(downloads.allowance(now: 100_000) == 1000)
        downloads.charge(700, now: 100_000)
        #expect(downloads.allowance(now: 100_001) == 300)
        downloads.charge(700, now: 150_000)
        #expect(downloads.allowance(now: 150_000) == 0)
        var next = FullDownloads(.bytesPerDay(1000))
        try next.restore(downloads.file)
        #expect(next.allowance(now: 90_000) == 0)
        #expect(next.allowance(now: 100_000 + 86_401) == 300)
        #expect(next.allowance(now: 150_000 + 86_401) == 1000)
        #expect(throws: JSONError.self) { try next.restore([1, 2]) }
        #expect(next.allowance(now: 150_000 + 86_401) == 1000)
        #expect(FullDownloads(.always).allowance(now: 0) == .max && FullDownloads(.never).allowance(now: 0) == 0)
    }

    @Test("The setting is always, never or a count of bytes", arguments: ["", "sometimes", "-5", "0", "1.5"])
    func setting(text: String) throws {
        #expect(throws: ConfigurationError.self) { try EdgeFixture().settings(["edge.update.full": text]) }
    }

    @Test("An edge that may not fetch the whole file says so and keeps its student; an update from it is still taken")
    func never() async throws {
        let fixture = try EdgeFixture()
        try fixture.provisionRoot()
        var base: [UInt8] = []
        try await fixture.run { edge in
            try await fixture.waitForTask(edge)
            base = try await fixture.install(try TinyStudent.student(), version: 1)
        }
        try await fixture.run(["edge.update.full": "never"]) { edge in
            let file = try TinyStudent.student(weight: 11).encode()
            fixture.registry.add(TinyRegistry.target(file, version: 2))
            try await fixture.registry.sign()
            let full = try await fixture.registry.offer(file, version: 2)
            try await fixture.answering {
                try await fixture.wait("the reason") {
                    try fixture.installed()?.refused.contains { $0.reason.contains("edge.update.full=never") } ?? false
                }
                let installed = try #require(try fixture.installed())
                #expect(installed.state == .waiting && installed.running == 1 && installed.desired == 2)
                #expect(installed.refused.last?.reason.contains("no update was offered from version 1") == true)
                #expect(try fixture.needs.allSatisfy { $0.frame != full.offer.content.frame })
                try await fixture.registry.offer(file, base: base, version: 2)
                try await fixture.wait("version 2") { try fixture.installed()?.running == 2 }
            }
            #expect(try fixture.installed()?.method != "full")
        }
    }

    @Test("A day's budget holds a second whole file back until the day has passed, also over a restart")
    func perDay() async throws {
        let fixture = try EdgeFixture()
        try fixture.provisionRoot()
        let file = try TinyStudent.student(weight: 11).encode()
        let settings = ["edge.update.full": "1200"]
        try await fixture.run(settings) { edge in
            try await fixture.waitForTask(edge)
            try await fixture.install(try TinyStudent.student(), version: 1)
            #expect(try #require(try fixture.installed()?.bytes) * 2 > 1200, "the second file is beyond the budget")
        }
        try await fixture.run(settings) { edge in
            fixture.registry.add(TinyRegistry.target(file, version: 2))
            try await fixture.registry.sign()
            try await fixture.registry.offer(file, version: 2)
            try await fixture.answering {
                try await fixture.wait("the reason") {
                    try fixture.installed()?.refused.contains { $0.reason.contains("edge.update.full=1200") } ?? false
                }
                #expect(try fixture.installed()?.state == .waiting && fixture.installed()?.running == 1)
                // The metadata of a day ago has not expired.
                fixture.clock.advance(86_400)
                try await fixture.wait("version 2") { try fixture.installed()?.running == 2 }
            }
            let installed = try #require(try fixture.installed())
            #expect(installed.method == "full" && installed.base == "none")
            #expect(installed.reason?.contains("no update was offered from version 1") == true)
        }
    }
}
