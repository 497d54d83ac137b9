@testable import ModelRegistry
import Testing

@Suite("Frames kept in memory") struct FrameCacheTests {
    @Test("The frame used longest ago goes first, and the bound of bytes holds")
    func order() {
        var cache = FrameCache(limit: 100)
        for name in ["a", "b", "c"] { cache.insert([UInt8](repeating: 1, count: 30), digest: name) }
        #expect(cache.find("a") != nil && cache.bytes == 90)
        cache.insert([UInt8](repeating: 2, count: 40), digest: "d")
        #expect(cache.find("b") == nil && cache.find("a") != nil && cache.find("c") != nil && cache.bytes == 100)
        cache.insert([UInt8](repeating: 2, count: 40), digest: "d")
        #expect(cache.bytes == 100)
        cache.insert([UInt8](repeating: 3, count: 500), digest: "e")
        #expect(cache.find("e")?.count == 500 && cache.find("a") == nil && cache.bytes == 500)
    }
}
