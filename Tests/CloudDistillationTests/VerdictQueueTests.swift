import Telemetry
import Testing

@testable import CloudDistillation

@Suite("Verdict queue")
struct VerdictQueueTests {
    private func request(_ index: Int, model: String = "shake") -> VerdictQueue.Request {
        .init(device: TestTask.arm, model: model, window: "w\(index)", from: 0, to: 8, values: [])
    }

    @Test("A full queue drops the oldest and says so")
    func bound() async {
        let queue = VerdictQueue(limit: 3)
        let dropped = (0..<200).reduce(0) { $0 + queue.append(request($1)) }
        #expect(dropped == 197 && queue.depth == 3)
        #expect(await queue.next(10)?.map(\.window) == ["w197", "w198", "w199"])
    }

    @Test("A batch holds windows of one model, in order")
    func batches() async {
        let queue = VerdictQueue(limit: 10)
        for (index, model) in ["a", "a", "b", "a"].enumerated() { _ = queue.append(request(index, model: model)) }
        #expect(await queue.next(10)?.map(\.window) == ["w0", "w1"])
        #expect(await queue.next(10)?.map(\.window) == ["w2"])
        #expect(await queue.next(10)?.map(\.window) == ["w3"])
    }

    @Test("A waiting consumer gets what comes, and ends when the queue is finished")
    func waiting() async {
        let queue = VerdictQueue(limit: 10)
        async let batch = queue.next(10)
        _ = queue.append(request(1))
        #expect(await batch?.count == 1)
        async let end = queue.next(10)
        queue.finish()
        #expect(await end == nil)
        #expect(queue.append(request(2)) == 1)
    }
}
