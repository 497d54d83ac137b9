import ModelArtifact
@testable import ModelRegistry
import Telemetry
import Testing

@Suite struct CandidateIntakeTests {
    let task = TinyStudent.task()

    func candidate(_ seed: UInt8) -> (message: CandidateMessage, chunks: [[UInt8]]) {
        let bytes = (0..<1000).map { UInt8(truncatingIfNeeded: $0) ^ seed }
        return RegistryHarness.candidate(frame: bytes, bytes, chunkSize: 400)
    }

    @Test("Chunks of frames that nobody offered are ignored")
    func unknown() {
        var intake = CandidateIntake(limit: 2, timeout: 10)
        #expect(intake.chunk(frame: "x", index: 0, bytes: [1], now: 0) == .none)
    }

    @Test("The last missing chunk completes the frame, in whatever order they come")
    func complete() {
        var intake = CandidateIntake(limit: 2, timeout: 10)
        let (message, chunks) = candidate(1)
        #expect(intake.offer(message, task: task, now: 0) == .none)
        for index in [2, 0] {
            let action = intake.chunk(frame: message.content.frame, index: index, bytes: chunks[index], now: 0)
            #expect(action == .none)
        }
        let action = intake.chunk(frame: message.content.frame, index: 1, bytes: chunks[1], now: 0)
        #expect(action == .judge(message, frame: Array(chunks.joined())))
        #expect(intake.count == 0)
    }

    @Test("A further candidate displaces the one idle for longest, and is counted")
    func displaced() {
        var intake = CandidateIntake(limit: 2, timeout: 10)
        let all = (1...3).map { candidate(UInt8($0)) }
        _ = intake.offer(all[0].message, task: task, now: 0)
        _ = intake.offer(all[1].message, task: task, now: 1)
        _ = intake.chunk(frame: all[0].message.content.frame, index: 0, bytes: all[0].chunks[0], now: 2)
        _ = intake.offer(all[2].message, task: task, now: 3)
        #expect(intake.count == 2)
        #expect(intake.displaced == 1)
        for index in [1, 2] {
            _ = intake.chunk(frame: all[0].message.content.frame, index: index, bytes: all[0].chunks[index], now: 3)
        }
        #expect(intake.count == 1)
    }

    @Test("A candidate whose chunks stop coming expires with what is missing; repeating it alone does not help")
    func expiry() {
        var intake = CandidateIntake(limit: 2, timeout: 10)
        let (message, chunks) = candidate(1)
        _ = intake.offer(message, task: task, now: 0)
        _ = intake.chunk(frame: message.content.frame, index: 0, bytes: chunks[0], now: 5)
        _ = intake.offer(message, task: task, now: 14)
        #expect(intake.expire(now: 15).isEmpty)
        let expired = intake.expire(now: 15.5)
        #expect(expired.map(\.0) == [message])
        #expect(expired.first?.reason.contains("1 of 3") == true)
        #expect(intake.count == 0)
    }

    @Test("Too many chunks that do not fit end the candidate")
    func badChunks() {
        var intake = CandidateIntake(limit: 2, timeout: 10)
        let (message, _) = candidate(1)
        _ = intake.offer(message, task: task, now: 0)
        for _ in 1..<CandidateIntake.badChunkLimit {
            guard case .rejectChunk = intake.chunk(frame: message.content.frame, index: 9, bytes: [], now: 0) else {
                Issue.record("a chunk out of range was taken")
                return
            }
        }
        guard case .refuse(message, _) = intake.chunk(frame: message.content.frame, index: 9, bytes: [], now: 0) else {
            Issue.record("the candidate goes on")
            return
        }
        #expect(intake.count == 0)
    }
}
