import Inference
import ModelArtifact
import ModelExchange
import Testing

/// Needs gcc-arm-none-eabi, libnewlib-arm-none-eabi and qemu-system-arm, which `./dev test` installs.
@Suite("C export on a Cortex-M4") struct FirmwareTests {
    private static let compile = "arm-none-eabi-gcc -mcpu=cortex-m4 -mthumb -Os -std=c99 -Wall -Wextra -Werror"

    @Test("In QEMU, a Cortex-M4 gives the edge's logits to the bit", arguments: [0, 3, 4])
    func emulated(shape: Int) async throws {
        let student = try TestStudent.student(TestStudent.shapes[shape], seed: 21)
        let windows = TestStudent.windows(student, count: 4, seed: 8)
        let export = try CExport(student)
        let bench = try Workbench()
        for file in export.files { try bench.write(file.content, to: file.name) }
        try bench.write(CProgram.main(export, windows), to: "main.c")
        let (startup, script) = (Workbench.fixture("firmware.c"), Workbench.fixture("firmware.ld"))
        try await bench.run(
            "\(Self.compile) --specs=rdimon.specs -T '\(script)' -o firmware.elf '\(startup)' main.c \(export.prefix).c"
        )
        let output = try await bench.run(
            "timeout 60 qemu-system-arm -M mps2-an386 -nographic -monitor none -serial none -semihosting -kernel firmware.elf"
        )
        let engine = try InferenceEngine(student)
        #expect(try CProgram.logits(output) == windows.map { try engine.logits($0) })
    }

    @Test("Flash holds the constants that the export counts and at most 2 KiB of code; RAM the arena alone")
    func sizes() async throws {
        for spec in TestStudent.shapes {
            let export = try CExport(TestStudent.student(spec, seed: 2))
            let bench = try Workbench()
            for file in export.files { try bench.write(file.content, to: file.name) }
            try await bench.run("\(Self.compile) -c \(export.prefix).c")
            let size = try await bench.run("arm-none-eabi-size \(export.prefix).o | tail -1").split { $0.isWhitespace }
            let (text, data, bss) = (Int(size[0]) ?? 0, Int(size[1]) ?? 0, Int(size[2]) ?? 0)
            let counted = export.constantBytes + export.goldenBytes
            #expect((counted...counted + 2048).contains(text), "\(text) bytes of flash, \(counted) of constants")
            #expect((export.arenaBytes..<export.arenaBytes + 4).contains(bss), "\(bss) bytes of RAM")
            // Pointers to the names of classes are constants too.
            #expect(data == 0)
        }
    }
}
