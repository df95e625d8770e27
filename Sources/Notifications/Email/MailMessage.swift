import FoundationEssentials
package import Model

/// An email as text with CRLF line ends.
///
/// Every header value is encoded or checked, so that no text from outside can add a header.
package struct MailMessage: Sendable {
    package var from: String
    package var to: [String]
    package var subject: String
    /// Lines are separated by `\n`.
    package var body: String
    package var at: Instant
    /// Unique; the part of the message id before the `@`.
    package var id: String

    package init(from: String, to: [String], subject: String, body: String, at: Instant, id: String) {
        (self.from, self.to, self.subject) = (from, to, subject)
        (self.body, self.at, self.id) = (body, at, id)
    }

    /// Header and body; each line ends with CRLF and has at most 998 bytes.
    package var text: String {
        let domain = from.split(separator: "@").last.map(String.init) ?? "localhost"
        let header = [
            "From: Sendwarden <\(MailMessage.plain(from))>",
            "To: " + to.map { MailMessage.plain($0) }.joined(separator: ",\r\n "),
            "Subject: " + MailMessage.encodedHeader(subject), "Date: " + MailMessage.date(at),
            "Message-ID: <\(MailMessage.plain(id))@\(MailMessage.plain(domain))>", "MIME-Version: 1.0",
            "Content-Type: text/plain; charset=utf-8", "Content-Transfer-Encoding: quoted-printable",
            // Vacation programs do not respond to it.
            "Auto-Submitted: auto-generated",
        ]
        return header.joined(separator: "\r\n") + "\r\n\r\n" + MailMessage.quotedPrintable(body)
    }

    /// Without characters that could end a header line.
    private static func plain(_ text: String) -> String {
        String(text.filter { $0.isASCII && $0 > " " && $0 != "\u{7f}" })
    }

    // MARK: Encodings

    /// The longest encoded word, in bytes (RFC 2047); the text in it is at most 45 bytes.
    private static let wordBytesMax = 45

    /// The text as it is if it is short printable ASCII, and as encoded words (RFC 2047) otherwise.
    package static func encodedHeader(_ text: String) -> String {
        let isPlain = text.utf8.allSatisfy { (0x20...0x7e).contains($0) }
        if isPlain, text.utf8.count <= 60, !text.contains("=?"), !text.hasPrefix(" "), !text.hasSuffix(" ") {
            return text
        }
        var words: [String] = []
        var word: [UInt8] = []
        for scalar in text.unicodeScalars {
            let bytes = Array(String(scalar).utf8)
            if word.count + bytes.count > wordBytesMax {
                words.append(Data(word).base64EncodedString())
                word = []
            }
            word += bytes
        }
        if !word.isEmpty { words.append(Data(word).base64EncodedString()) }
        return words.map { "=?utf-8?B?\($0)?=" }.joined(separator: "\r\n ")
    }

    /// RFC 2045; lines of at most 76 characters, and CRLF at their ends.
    package static func quotedPrintable(_ text: String) -> String {
        var lines: [String] = []
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            var current = ""
            let bytes = Array(line.utf8)
            for (index, byte) in bytes.enumerated() {
                let isLast = index == bytes.count - 1
                let isPlain = (0x21...0x7e).contains(byte) && byte != UInt8(ascii: "=") || byte == 0x20 && !isLast
                let piece = isPlain ? String(UnicodeScalar(byte)) : "=" + hex(byte)
                if current.utf8.count + piece.utf8.count > 75 {
                    lines.append(current + "=")
                    current = ""
                }
                current += piece
            }
            lines.append(current)
        }
        return lines.joined(separator: "\r\n") + "\r\n"
    }

    private static func hex(_ byte: UInt8) -> String {
        let digits = Array("0123456789ABCDEF")
        return "\(digits[Int(byte >> 4)])\(digits[Int(byte & 15)])"
    }

    // MARK: Date

    /// As in RFC 5322: `Tue, 01 Dec 2026 20:00:00 +0000`.
    static func date(_ instant: Instant) -> String {
        let text = instant.rfc3339
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        let days = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
        let date = text.prefix(10).split(separator: "-").compactMap { Int($0) }
        guard date.count == 3, (1...12).contains(date[1]) else { return "Thu, 01 Jan 1970 00:00:00 +0000" }
        let day = (instant.milliseconds / 86_400_000) % 7
        let dayText = date[2] < 10 ? "0\(date[2])" : "\(date[2])"
        let time = text.dropFirst(11).prefix(8)
        return "\(days[Int((day + 7) % 7)]), \(dayText) \(months[date[1] - 1]) \(date[0]) \(time) +0000"
    }

    /// The text for the DATA command (RFC 5321): a line that begins with a dot gets another one.
    package static func stuffed(_ text: String) -> String {
        let lines = text.split(separator: "\r\n", omittingEmptySubsequences: false).map { line in
            line.hasPrefix(".") ? "." + line : String(line)
        }
        return lines.joined(separator: "\r\n") + (text.hasSuffix("\r\n") ? "" : "\r\n") + ".\r\n"
    }
}
