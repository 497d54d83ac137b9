import ModelArtifact
import Testing

@testable import ModelDelta

@Suite("What an update carries") struct DeltaReportTests {
    @Test("Each tensor's moves are counted, and their bytes add up to what is sent")
    func moved() throws {
        let base = TestStudent.make(seed: 1)
        var target = base
        for index in 0..<50 { target.layers[1].weight[index * 3] &+= index % 2 == 0 ? 1 : -1 }
        target.layers[2].bias[4] += 1000
        let report = try DeltaReport(base: base.encode(), target: target.encode())
        let changes = Dictionary(uniqueKeysWithValues: report.changes.map { ($0.name, $0) })
        #expect(try #require(changes["layers.2.weight"]).moved == 50)
        #expect(try #require(changes["layers.2.weight"]).largest <= 2)
        #expect(try #require(changes["layers.4.bias"]).moved == 1)
        #expect(try #require(changes["layers.4.bias"]).largest == 1000)
        #expect(try #require(changes["layers.0.weight"]).kind == .same)
        #expect(report.removed.isEmpty)
        let residual = try #require(report.sizes.first { $0.method == .residual }?.bytes)
        let tensors = report.changes.reduce(0) { $0 + $1.bytes }
        #expect(tensors > 30 && tensors < residual && residual < tensors + 200)
    }

    @Test("Tensors of another size are replaced, and those that went are named")
    func replaced() throws {
        let report = try DeltaReport(
            base: TestStudent.make(seed: 1).encode(), target: TestStudent.make(seed: 1, filters: 10).encode())
        let first = try #require(report.changes.first { $0.name == "layers.0.weight" })
        #expect(first.kind == .replaced && first.bytes == first.count && first.moved == first.count)
        let old = Safetensors(
            metadata: [:], tensors: [SafetensorsTensor(name: "old", shape: [1], [Int8(1)])])
        let new = Safetensors(metadata: [:], tensors: [SafetensorsTensor(name: "new", shape: [1], [Int8(1)])])
        let other = try DeltaReport(base: old.encode(), target: new.encode())
        #expect(other.removed == ["old"] && other.changes.map(\.kind) == [.replaced])
    }

    @Test("Files that are none are refused")
    func damaged() {
        #expect(throws: ArtifactError.self) {
            try DeltaReport(base: [1, 2], target: TestStudent.make(seed: 1).encode())
        }
    }
}
