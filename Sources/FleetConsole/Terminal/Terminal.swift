#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Standard output as a person sees it.
public struct Terminal: Sendable {
    /// Whether what was drawn can be drawn over.
    public let isTerminal: Bool
    /// Whether colours are wanted: on a terminal, unless `NO_COLOR` says otherwise (no-color.org).
    public let usesColour: Bool

    /// What standard output is.
    public init() {
        let isDumb = Self.variable("TERM") == "dumb"
        isTerminal = isatty(STDOUT_FILENO) == 1 && !isDumb
        usesColour = isTerminal && Self.variable("NO_COLOR") == nil
    }

    /// - Parameters:
    ///   - isTerminal: whether what was drawn can be drawn over.
    ///   - usesColour: whether colours are wanted.
    public init(isTerminal: Bool, usesColour: Bool) {
        self.isTerminal = isTerminal
        self.usesColour = usesColour
    }

    /// Columns and lines; 80 × 24 where the terminal does not say.
    var size: (columns: Int, lines: Int) {
        var size = winsize()
        guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0, size.ws_row > 0 else {
            return (80, 24)
        }
        return (Int(size.ws_col), Int(size.ws_row))
    }

    /// An environment variable that is set to something.
    private static func variable(_ name: String) -> String? {
        getenv(name).map { String(cString: $0) }.flatMap { $0.isEmpty ? nil : $0 }
    }
}
