import Foundation
import Presentation

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Progress of long work on standard error, where it is in nobody's way: a bar on a terminal, plain lines elsewhere.
final class ProgressDisplay {
    private var line = ProgressLine(isTerminal: isatty(STDERR_FILENO) == 1)

    func show(_ step: ProgressLine.Step) {
        if let text = line.text(step, now: ProcessInfo.processInfo.systemUptime) { write(text) }
    }

    /// Ends the line that was redrawn.
    func end() { write(line.end) }

    private func write(_ text: String) { FileHandle.standardError.write(Data(text.utf8)) }
}
