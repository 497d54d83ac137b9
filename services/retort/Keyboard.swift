import Foundation

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Keys from standard input one by one: a terminal does not wait for the end of a line meanwhile.
final class Keyboard: Sendable {
    /// Ends with the input.
    let keys: AsyncStream<Character>
    /// What the terminal was like before; nothing where the input is none.
    private let before: termios?

    init() {
        var settings = termios()
        if isatty(STDIN_FILENO) == 1, tcgetattr(STDIN_FILENO, &settings) == 0 {
            before = settings
            settings.c_lflag &= ~tcflag_t(ICANON | ECHO)
            tcsetattr(STDIN_FILENO, TCSANOW, &settings)
        } else {
            before = nil
        }
        let (stream, continuation) = AsyncStream<Character>.makeStream(bufferingPolicy: .bufferingOldest(4096))
        keys = stream
        // Blocks in `read` and ends with the input, or else with the process.
        let thread = Thread {
            var byte: UInt8 = 0
            while read(STDIN_FILENO, &byte, 1) == 1 {
                // A line's end comes with keys that are typed into a pipe.
                if byte != 0x0A, byte != 0x0D { continuation.yield(Character(Unicode.Scalar(byte))) }
            }
            continuation.finish()
        }
        thread.start()
    }

    /// Leaves the terminal as it was.
    func close() {
        guard var before else { return }
        tcsetattr(STDIN_FILENO, TCSANOW, &before)
    }
}
