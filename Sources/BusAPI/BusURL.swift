/// A broker's address as people write it: `mqtt://[user[:password]@]host[:port]`, or `mqtts://` for TLS.
public struct BusURL: Sendable, Equatable, CustomStringConvertible {
    public var host: String
    public var port: Int
    public var username: String?
    public var password: String?
    public var isEncrypted: Bool

    /// Reads an address. The port is 1883, or 8883 with TLS, where none is given; user and password may be
    /// percent-encoded; an IPv6 address stands in brackets.
    ///
    /// - Throws: `BusError.invalidConfiguration`, which never repeats the password.
    public init(_ text: String) throws(BusError) {
        func refuse(_ why: String) -> BusError {
            BusError(
                .invalidConfiguration, "\(why) in the broker's address; write mqtt://[user[:password]@]host[:port]")
        }
        guard let mark = Self.range(of: "://", in: text) else { throw refuse("no scheme") }
        switch text[..<mark.lowerBound] {
        case "mqtt": isEncrypted = false
        case "mqtts": isEncrypted = true
        default: throw refuse("unknown scheme '\(text[..<mark.lowerBound])'")
        }
        var rest = text[mark.upperBound...]
        if rest.last == "/" { rest.removeLast() }
        if let at = rest.lastIndex(of: "@") {
            let parts = rest[..<at].split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            guard let user = Self.decode(parts[0]), !user.isEmpty else { throw refuse("a bad user") }
            username = user
            if parts.count == 2 {
                guard let secret = Self.decode(parts[1]) else { throw refuse("a badly encoded password") }
                password = secret
            }
            rest = rest[rest.index(after: at)...]
        }
        var portText: Substring?
        if rest.first == "[" {
            guard let end = rest.firstIndex(of: "]") else { throw refuse("an unclosed bracket") }
            host = String(rest[rest.index(after: rest.startIndex)..<end])
            let after = rest[rest.index(after: end)...]
            guard after.isEmpty || after.first == ":" else { throw refuse("something after the bracket") }
            if !after.isEmpty { portText = after.dropFirst() }
        } else {
            let parts = rest.split(separator: ":", omittingEmptySubsequences: false)
            guard parts.count <= 2 else { throw refuse("an IPv6 address without brackets") }
            host = String(parts[0])
            if parts.count == 2 { portText = parts[1] }
        }
        guard !host.isEmpty, !host.utf8.contains(where: { $0 <= 0x20 || $0 == UInt8(ascii: "/") }) else {
            throw refuse("a bad host")
        }
        guard let portText else {
            port = isEncrypted ? 8883 : 1883
            return
        }
        guard let number = Int(portText), (1...65_535).contains(number) else { throw refuse("a bad port") }
        port = number
    }

    /// The address without its password.
    public var description: String {
        let account = username.map { "\($0)@" } ?? ""
        let name = host.contains(":") ? "[\(host)]" : host
        return "\(isEncrypted ? "mqtts" : "mqtt")://\(account)\(name):\(port)"
    }

    private static func range(of mark: String, in text: String) -> Range<String.Index>? {
        var start = text.startIndex
        while start < text.endIndex {
            if text[start...].hasPrefix(mark) { return start..<text.index(start, offsetBy: mark.count) }
            start = text.index(after: start)
        }
        return nil
    }

    private static func decode(_ text: Substring) -> String? {
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard rest.count >= 2, let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16) else {
                return nil
            }
            bytes.append(value)
            rest = rest.dropFirst(2)
        }
        return String(validating: bytes, as: UTF8.self)
    }
}
