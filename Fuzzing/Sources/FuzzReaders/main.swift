import CFuzzer
import Foundation

// fuzz-readers READER [libFuzzer's options and folders]; `./dev fuzz` gives both.
// fuzz-readers seeds FOLDER writes sound inputs that our own writers make.

if CommandLine.arguments.dropFirst().first == "seeds", CommandLine.argc == 3 {
    try Seeds.write(CommandLine.arguments[2])
    exit(0)
}
guard CommandLine.argc > 1, let reader = Reader(rawValue: CommandLine.arguments[1]) else {
    let known = Reader.allCases.map(\.rawValue).joined(separator: ", ")
    FileHandle.standardError.write(Data("which reader? \(known)\n".utf8))
    exit(2)
}
Reader.chosen = reader
var count = CommandLine.argc - 1
// libFuzzer takes what it sees first for the program's name.
var arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = CommandLine.unsafeArgv + 1
exit(
    LLVMFuzzerRunDriver(&count, &arguments) { bytes, count in
        Reader.chosen.read(Array(UnsafeBufferPointer(start: bytes, count: count)))
        return 0
    })
