/// Times as publishers write them: Unix seconds, or ISO 8601 text.
public enum Timestamp {
    /// Reads `2025-10-09T08:53:20.125Z`, `...+02:00`, `...+0200`, or without a zone, which means UTC; a space may stand
    /// for the `T`.
    ///
    /// - Returns: Unix seconds; nothing where the text is no such date and time.
    public static func parse(iso8601 text: String) -> Double? {
        var reader = Reader(bytes: Array(text.utf8))
        guard let year = reader.digits(4), reader.skip("-"), let month = reader.digits(2), reader.skip("-"),
            let day = reader.digits(2), (1...12).contains(month), (1...daysIn(month, of: year)).contains(day),
            reader.skip("T") || reader.skip("t") || reader.skip(" "),
            let hour = reader.digits(2), hour < 24, reader.skip(":"), let minute = reader.digits(2), minute < 60
        else { return nil }
        var seconds = 0.0
        if reader.skip(":") {
            // A leap second is told as the second that follows.
            guard let whole = reader.digits(2), whole <= 60 else { return nil }
            seconds = Double(whole)
            if reader.skip(".") || reader.skip(",") {
                guard let fraction = reader.fraction() else { return nil }
                seconds += fraction
            }
        }
        guard let offset = reader.zone(), reader.isAtEnd else { return nil }
        let minutes = (days(year, month, day) * 24 + hour) * 60 + minute - offset
        return Double(minutes * 60) + seconds
    }

    private static func daysIn(_ month: Int, of year: Int) -> Int {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    /// Days since 1970-01-01 in the Gregorian calendar, with years that begin in March.
    private static func days(_ year: Int, _ month: Int, _ day: Int) -> Int {
        let y = month <= 2 ? year - 1 : year
        let era = y / 400
        let yearOfEra = y - era * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    private struct Reader {
        let bytes: [UInt8]
        var position = 0

        var isAtEnd: Bool { position == bytes.count }

        mutating func skip(_ character: Unicode.Scalar) -> Bool {
            guard position < bytes.count, bytes[position] == UInt8(ascii: character) else { return false }
            position += 1
            return true
        }

        mutating func digits(_ count: Int) -> Int? {
            guard position + count <= bytes.count else { return nil }
            var value = 0
            for byte in bytes[position..<position + count] {
                guard (0x30...0x39).contains(byte) else { return nil }
                value = value * 10 + Int(byte - 0x30)
            }
            position += count
            return value
        }

        mutating func fraction() -> Double? {
            let start = position
            var value = 0.0
            var scale = 1.0
            while let digit = digits(1) {
                guard position - start <= 12 else { return nil }
                value = value * 10 + Double(digit)
                scale *= 10
            }
            return position > start ? value / scale : nil
        }

        /// Minutes east of UTC.
        mutating func zone() -> Int? {
            if isAtEnd || skip("Z") || skip("z") { return 0 }
            let isEast = skip("+")
            guard isEast || skip("-"), let hours = digits(2), hours < 24 else { return nil }
            var minutes = hours * 60
            if !isAtEnd {
                _ = skip(":")
                guard let more = digits(2), more < 60 else { return nil }
                minutes += more
            }
            return isEast ? minutes : -minutes
        }
    }
}
