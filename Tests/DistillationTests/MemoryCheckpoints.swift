import Distillation
import Synchronization

/// Checkpoints in memory.
final class MemoryCheckpoints: Sendable {
    private let kept = Mutex<[String: [UInt8]]>([:])
    /// Names of checkpoints that were passed over, in order.
    let passedOver = Mutex<[String]>([])
    var names: [String] { kept.withLock { $0.keys.sorted() } }
    func change(_ name: String, _ body: (inout [UInt8]) -> Void) {
        kept.withLock { shelf in
            if var bytes = shelf[name] {
                body(&bytes)
                shelf[name] = bytes
            }
        }
    }
    var checkpoints: Checkpoints {
        Checkpoints(
            load: { name in self.kept.withLock { $0[name] } },
            save: { name, bytes in self.kept.withLock { $0[name] = bytes } },
            passedOver: { name, _ in self.passedOver.withLock { $0.append(name) } })
    }
}
