import ArgumentParser
import Distillation
import Foundation
import JSON
import ModelArtifact
import ModelExchange

/// Writes a student, or a teacher, in another tool's format.
struct ExportCommand: ParsableCommand {
    /// Formats by the names that people type.
    enum Format: String, CaseIterable, ExpressibleByArgument {
        case c
        case onnx
        case onnxInt8 = "onnx-int8"
        case tflite
        case float32
        case float16
    }

    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Write a student as C, ONNX, TensorFlow Lite or floats, or a teacher as ONNX or floats.",
        discussion: """
            c          one header and one C99 file for a microcontroller: int8, no allocation, the edge's logits to the bit
            onnx       float32, opset 17; also of teacher.safetensors
            onnx-int8  opset 17, integers between QuantizeLinear and DequantizeLinear
            tflite     int8 for TensorFlow Lite and LiteRT
            float32    safetensors for the edge's float runtime, batch norm folded; also of teacher.safetensors
            float16    the same with weights of half the bytes

            Every file takes windows (samples × channels) in raw units and normalises inside.

              retort export out/student.safetensors --format c -o firmware
              retort export out/teacher.safetensors --format onnx -o exchange
            """)

    @Argument(help: "student.safetensors or teacher.safetensors.", completion: .file(extensions: ["safetensors"]))
    var file: String
    @Option(help: "\(Format.allCases.map(\.rawValue).joined(separator: ", ")).") var format: Format
    @Option(name: [.short, .long], help: "Folder for what is written.", completion: .directory) var output = "."

    func run() throws {
        if try ModelFile.decoded(file, { try Safetensors(decoding: $0).metadata["retort.teacher"] != nil }) {
            return try writeTeacher()
        }
        let student = try ModelFile.decoded(file) { try Student(decoding: $0) }
        let name = student.task.name
        switch format {
        case .c:
            let export = try CExport(student)
            for file in export.files { try write(Array(file.content.utf8), to: file.name) }
            print("flash: \(export.constantBytes) bytes of constants beside the code, RAM: \(export.arenaBytes) bytes")
            print("the self test, if it is linked, reads \(export.goldenBytes) bytes more of flash")
        case .onnx: try write(try ONNXExport.float(student), to: "\(name).onnx")
        case .onnxInt8: try write(try ONNXExport.quantised(student), to: "\(name)-int8.onnx")
        case .tflite: try write(try TFLiteExport.quantised(student), to: "\(name).tflite")
        case .float32, .float16:
            let precision = FloatNetwork.Precision(rawValue: format.rawValue) ?? .float32
            try write(
                try FloatNetwork(student, precision: precision).encode(), to: "\(name)-\(format.rawValue).safetensors")
        }
    }

    private func writeTeacher() throws {
        let (teacher, task, _) = try ModelFile.decoded(file) { try TrainedTeacher.decode($0) }
        switch format {
        case .onnx:
            let content = try ONNXExport.float(teacher.weights, normalisation: teacher.normalisation, task: task)
            try write(content, to: "\(task.name)-teacher.onnx")
        case .float32, .float16:
            let network = try FloatNetwork(
                teacher.weights, task: task, normalisation: teacher.normalisation,
                precision: FloatNetwork.Precision(rawValue: format.rawValue) ?? .float32)
            try write(network.encode(), to: "\(task.name)-teacher-\(format.rawValue).safetensors")
        case .c, .onnxInt8, .tflite:
            throw ValidationError(
                "a teacher is written as onnx, float32 or float16; \(format.rawValue) is for students")
        }
    }

    private func write(_ bytes: [UInt8], to name: String) throws {
        do { try FileManager.default.createDirectory(atPath: output, withIntermediateDirectories: true) } catch {
            throw CommandFailure(.cannotWrite, "\(output) cannot be made: \(error.localizedDescription)")
        }
        try ModelFile.write(bytes, to: "\(output)/\(name)")
        print("\(output)/\(name): \(bytes.count) bytes")
    }
}
