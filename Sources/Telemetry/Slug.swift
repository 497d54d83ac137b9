/// Names that may stand in a topic level and a file name: `[a-z0-9._-]+`.
public enum Slug {
    /// Whether a name needs no change. `.` and `..` alone are no names.
    public static func isValid(_ name: some StringProtocol) -> Bool {
        !name.isEmpty && name.utf8.count <= 128 && name != "." && name != ".."
            && name.utf8.allSatisfy { byte in
                switch byte {
                case 0x61...0x7A, 0x30...0x39, 0x2E, 0x5F, 0x2D: true
                default: false
                }
            }
    }

    /// The nearest valid name: lower case, every run of other characters becomes one `-`.
    public static func make(_ name: String) -> String {
        var slug = ""
        for scalar in name.lowercased().unicodeScalars {
            if isValid(String(scalar)) || scalar == "." {
                slug.unicodeScalars.append(scalar)
            } else if !slug.isEmpty && !slug.hasSuffix("-") {
                slug.append("-")
            }
        }
        while slug.hasSuffix("-") { slug.removeLast() }
        slug = String(slug.prefix(128))
        return isValid(slug) ? slug : "unnamed"
    }
}
