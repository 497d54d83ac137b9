import Inference
import ModelArtifact
import ModelExchange
import Testing

@Suite("C export") struct CExportTests {
    /// Compiles an export with a main function that prints the logits of windows, and runs it.
    static func logits(_ export: CExport, _ windows: [[Float]], in bench: borrowing Workbench) async throws -> [[Int32]]
    {
        for file in export.files { try bench.write(file.content, to: file.name) }
        try bench.write(CProgram.main(export, windows), to: "main.c")
        try await bench.run("gcc -std=c99 -pedantic -Wall -Wextra -Werror -O2 -o program main.c \(export.prefix).c")
        return CProgram.logits(try await bench.run("./program"))
    }

    @Test("Compiled for this machine without a warning, it gives the reference's logits to the bit")
    func logits() async throws {
        for (index, spec) in TestStudent.shapes.enumerated() {
            for ties in [false, true] {
                let student = try TestStudent.student(spec, seed: UInt64(index), ties: ties)
                let windows = TestStudent.windows(student, count: 20, seed: 7)
                let quantisation = InputQuantisation(student)
                let expected = windows.map { ReferenceInference.logits(student, quantised: quantisation($0)) }
                let found = try await Self.logits(try CExport(student), windows, in: try Workbench())
                #expect(found == expected, "\(spec)")
                #expect(Set(expected.flatMap(\.self)).count > 20, "the network is alive")
            }
        }
    }

    @Test("The self test passes, and tells a constant that was changed")
    func selfTest() async throws {
        let export = try CExport(TestStudent.student(TestStudent.shapes[0], seed: 5))
        let bench = try Workbench()
        try bench.write(export.header, to: "\(export.prefix).h")
        try bench.write(
            "#include \"\(export.prefix).h\"\nint main(void) { return \(export.prefix)_self_test(); }\n", to: "main.c")
        try bench.write(export.source, to: "\(export.prefix).c")
        let build = "gcc -std=c99 -o program main.c \(export.prefix).c && ./program"
        try await bench.run(build)
        let bias = try #require(export.source.firstRange(of: "layer0_bias[] = {\n    "))
        var changed = export.source
        changed.replaceSubrange(bias, with: "layer0_bias[] = {\n    90000 +")
        try bench.write(changed, to: "\(export.prefix).c")
        await #expect(throws: ToolFailure.self) { try await bench.run(build) }
    }

    @Test("A value that is not finite is refused, values far out are clamped and ties round to even, as on the edge")
    func quantisation() async throws {
        var student = try TestStudent.student(TestStudent.shapes[2], seed: 3)
        student.normalisation = .init(mean: [0, 0, 0, 0], standardDeviation: [1, 1, 1, 1])
        student.inputScale = 1
        student = try InferenceEngine(student).student(withGolden: [[0, 0, 0, 0]])
        let windows: [[Float]] = [[0.5, 1.5, 2.5, -0.5], [1e9, -1e9, 127.4, -128.6], [-1.5, -2.5, 126.5, -127.5]]
        let quantisation = InputQuantisation(student)
        #expect(quantisation(windows[0]) == [128, 130, 130, 128])
        let export = try CExport(student)
        let found = try await Self.logits(export, windows, in: try Workbench())
        #expect(found == windows.map { ReferenceInference.logits(student, quantised: quantisation($0)) })
        let bench = try Workbench()
        for file in export.files { try bench.write(file.content, to: file.name) }
        try bench.write(
            """
            #include "\(export.prefix).h"
            #include <math.h>
            int main(void)
            {
                float window[] = {0, 0, 0, 0};
                const float bad[] = {NAN, INFINITY, -INFINITY};
                int32_t logits[2] = {77, 77};
                for (int i = 0; i < 3; i++) {
                    window[3] = bad[i];
                    if (\(export.prefix)_infer(window, logits) != -1 || logits[0] != 77) return 1;
                }
                window[3] = 0;
                return \(export.prefix)_infer(window, logits);
            }
            """, to: "main.c")
        try await bench.run("gcc -std=c99 -o program main.c \(export.prefix).c && ./program")
    }

    @Test("Names that C or its comments would take amiss are escaped, and every kind of answer compiles")
    func answers() async throws {
        let spec = NetworkSpec(samples: 2, channels: 2, layers: [.dense(units: 4)])
        var student = try TestStudent.student(spec, seed: 1, name: "9.a-b")
        student.task.classes = ["say \"hi\" ??/ \\n", "größe\u{7}1", "c", "d"].map { .init(name: $0) }
        student.task.channels = [.init(name: "*/ int x; /*", unit: ""), .init(name: "b\nc", unit: "°C")]
        let print = "for (int i = 0; i < 2; i++) puts(PREFIX_classes[i]); "
        let text = try await run(student, print + "int32_t l[] = {1, 9, 9, 2}; return PREFIX_class(l) - 1;")
        #expect(text == "say \"hi\" ??/ \\n\ngröße\u{7}1\n")

        student.task.kind = .multiHead
        student.task.classes = []
        student.task.heads = [
            .init(name: "valve", classes: [.init(name: "open"), .init(name: "shut")]),
            .init(name: "pump", classes: [.init(name: "on"), .init(name: "off")]),
        ]
        let heads = try await run(
            student,
            "int32_t l[] = {1, 9, 10, 2}; for (int i = 0; i < 2; i++) puts(PREFIX_classes[PREFIX_class(l, i)]); return 0;"
        )
        #expect(heads == "shut\non\n")

        var value = try TestStudent.student(NetworkSpec(samples: 2, channels: 2, layers: [.dense(units: 1)]), seed: 1)
        value.task.kind = .regression
        value.task.classes = []
        value.task.target = .init(name: "co2", unit: "ppm")
        let number = try await run(value, "int32_t l[] = {-500}; printf(\"%g\", (double)PREFIX_value(l)); return 0;")
        #expect(number == "-1")
    }

    private func run(_ student: Student, _ body: String) async throws -> String {
        let export = try CExport(student)
        let bench = try Workbench()
        for file in export.files { try bench.write(file.content, to: file.name) }
        try bench.write(
            "#include \"\(export.prefix).h\"\n#include <stdio.h>\nint main(void) { "
                + body.replacing("PREFIX", with: export.prefix) + " }\n", to: "main.c")
        return try await bench.run(
            "gcc -std=c99 -pedantic -Wall -Wextra -Werror -o program main.c \(export.prefix).c && ./program")
    }

    @Test("The arena holds the largest pair of neighbouring activations with their padding, and no byte more")
    func arena() throws {
        // 50 × 6 with 1 before and 2 after, 25 × 12 with 2 and 2: 318 + 348.
        #expect(try CExport(TestStudent.student(TestStudent.shapes[0], seed: 1)).arenaBytes == 318 + 348)
        // The last layer's outputs go to the caller.
        #expect(try CExport(TestStudent.student(TestStudent.shapes[2], seed: 1)).arenaBytes == 4)
    }
}
