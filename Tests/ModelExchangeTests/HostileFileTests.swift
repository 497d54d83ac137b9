import Foundation
import FuzzTesting
import Inference
import ModelArtifact
import NeuralNetwork
import SwiftProtobuf
import Testing

@testable import ModelExchange

@Suite("Hostile files") struct HostileFileTests {
    /// The largest memory that this process has had, in bytes.
    private static func peak() throws -> Int {
        let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
        let line = try #require(status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") })
        return try #require(line.split { !$0.isNumber }.first.flatMap { Int($0) }) * 1024
    }

    @Test("Damaged students give an error, or a student that runs; never a crash or much memory")
    func students() throws {
        let corpus = try TestStudent.shapes.enumerated().map { try TestStudent.student($1, seed: UInt64($0)).encode() }
        let before = try Self.peak()
        var (refused, read) = (0, 0)
        for file in Mutation(corpus, seed: 41, count: 4000) {
            do throws(ArtifactError) {
                let student = try Student(decoding: file)
                read += 1
                guard student.spec.multiplyAccumulates < 1 << 22 else { continue }
                // What was read is sound: it runs, and can be written as anything.
                let engine = try? InferenceEngine(student)
                let window = [UInt8](repeating: 200, count: student.spec.samples * student.spec.channels)
                #expect(throws: Never.self) {
                    _ = try engine?.logits(quantised: window)
                    _ = try CExport(student)
                    _ = try TFLiteExport.quantised(student)
                }
            } catch { refused += 1 }
        }
        #expect(refused > 2000 && read > 20, "\(refused) refused, \(read) read")
        #expect(try Self.peak() - before < 256 << 20)
    }

    @Test("Damaged ONNX files give an error, or a network; never a crash or much memory")
    func onnx() throws {
        var corpus = try TestNetwork.layers.prefix(2).map { layers in
            let (weights, normalisation) = TestNetwork.network(layers, seed: 5)
            return try ONNXExport.float(weights, normalisation: normalisation, task: TestNetwork.task(weights.spec))
        }
        corpus.append([UInt8](try Data(contentsOf: URL(fileURLWithPath: Workbench.fixture("teacher-dynamo.onnx")))))
        let before = try Self.peak()
        var (refused, read) = (0, 0)
        for file in Mutation(corpus, seed: 42, count: 4000) {
            do throws(ExchangeError) {
                _ = try ONNXImport(file)
                read += 1
            } catch { refused += 1 }
        }
        #expect(refused > 1000 && read > 100, "\(refused) refused, \(read) read")
        #expect(try Self.peak() - before < 256 << 20)
    }

    @Test(
        "Scales that are no sound numbers are refused",
        arguments: ["1e39", "0", "-0.05", "1e-50", "NaN", "null", "\"0.05\"", "[0.05]"])
    func scales(value: String) throws {
        let student = try TestStudent.student(TestStudent.shapes[0], seed: 1)
        for key in ["\"input\":", "\"outputs\":["] {
            var file = try Safetensors(decoding: student.encode())
            let scales = try file.string("scales")
            let old = try #require(scales.firstRange(of: "\(key)0.0"))
            let end = try #require(scales[old.upperBound...].firstIndex { !$0.isNumber })
            file.metadata["scales"] = scales.replacingCharacters(in: old.lowerBound..<end, with: key + value)
            #expect(throws: ArtifactError.self) { try Student(decoding: file.encode()) }
        }
    }

    @Test(
        "Weight scales that are not finite, normal and above 0 are refused",
        arguments: [Float.nan, .infinity, -0.01, 0, .leastNonzeroMagnitude, .greatestFiniteMagnitude])
    func weightScales(value: Float) throws {
        let student = try TestStudent.student(TestStudent.shapes[0], seed: 1)
        let sound = try Safetensors(decoding: student.encode())
        for (index, tensor) in sound.tensors.enumerated() where tensor.name.hasSuffix(".scale") {
            var values = try tensor.floats()
            values[values.count - 1] = value
            var file = sound
            file.tensors[index] = SafetensorsTensor(name: tensor.name, shape: tensor.shape, values)
            // The last layer's scale enters no arithmetic: there, a large one is merely odd.
            guard value != .greatestFiniteMagnitude || values.count > 1 else { continue }
            #expect(throws: ArtifactError.self, "\(tensor.name)") { try Student(decoding: file.encode()) }
        }
    }

    @Test("Tensors of another type or shape than the network's are refused")
    func types() throws {
        let student = try TestStudent.student(TestStudent.shapes[0], seed: 1)
        let sound = try Safetensors(decoding: student.encode())
        for (index, tensor) in sound.tensors.enumerated() {
            var file = sound
            for element in SafetensorsTensor.Element.allCases where element != tensor.element {
                guard tensor.bytes.count % element.size == 0 else { continue }
                let shape = element.size == tensor.element.size ? tensor.shape : [tensor.bytes.count / element.size]
                file.tensors[index] = SafetensorsTensor(
                    name: tensor.name, element: element, shape: shape, bytes: tensor.bytes)
                #expect(throws: ArtifactError.self, "\(tensor.name) as \(element)") {
                    try Student(decoding: file.encode())
                }
            }
            file.tensors[index] = SafetensorsTensor(
                name: tensor.name, element: tensor.element, shape: [1] + tensor.shape, bytes: tensor.bytes)
            #expect(throws: ArtifactError.self, "\(tensor.name)") { try Student(decoding: file.encode()) }
        }
    }

    /// An ONNX file of one dense layer, changed in its graph.
    private func dense(_ change: (inout ONNXGraph) -> Void) throws -> [UInt8] {
        var builder = ONNXBuilder()
        let matrix = builder.constant("m", [3, 2], [Float(1), 2, 3, 4, 5, 6])
        builder.node("MatMul", "y", ["x", matrix])
        let file = try builder.encode(name: "g", input: ("x", [3]), output: ("y", [2]), metadata: [])
        var model = try ONNXModel(serializedBytes: file)
        change(&model.graph)
        return try model.serializedBytes()
    }

    @Test("ONNX tensors with shapes that lie, in other files, or with values that are no numbers are refused")
    func tensors() throws {
        #expect(try ONNXImport(try dense { _ in }).weights.spec.layers == [.dense(units: 2)])
        let lies: [(inout ONNXGraph) -> Void] = [
            { $0.initializer[0].dims = [3, 1 << 40] },
            { $0.initializer[0].dims = [.max, .max] },
            { $0.initializer[0].dims = [-3, -2] },
            { $0.initializer[0].dims = [3, 3] },
            { $0.initializer[0].dims = [] },
            { $0.initializer[0].rawData.removeLast() },
            { $0.initializer[0].dataType = 99 },
            { $0.initializer[0].externalData = [ONNXEntry()] },
            { $0.initializer[0].rawData = Data([UInt8](repeating: 0xFF, count: 24)) },
            { $0.node[0].output = [] },
            { $0.node[0].input = [] },
            { $0.node[0].input = ["y", "m"] },
            { $0.node[0].output = ["x"] },
            { $0.input[0].type.tensorType.shape.dim[1].dimValue = .max },
            { $0.input[0].type.tensorType.shape.dim[1].dimValue = -3 },
            { $0.input[0].type.tensorType.shape.dim = [] },
            { $0.input = [] },
            { $0.output = [] },
        ]
        for (index, lie) in lies.enumerated() {
            let file = try dense(lie)
            #expect(throws: ExchangeError.self, "\(index)") { try ONNXImport(file) }
        }
    }
}
