import Foundation
import Model
import Notifications
import Testing

/// Headers, encodings and dot-stuffing of emails.
@Suite struct MailMessageTests {
    private func message(subject: String = "s", body: String = "b") -> MailMessage {
        MailMessage(
            from: "a@acme.example", to: ["b@acme.example", "c@acme.example"], subject: subject, body: body,
            at: Instant(milliseconds: 1_796_000_000_000), id: "1.1")
    }

    @Test func aNameFromOutsideAddsNoHeader() {
        let text = message(subject: "x\r\nBcc: evil@example.com\n\nbody", body: "b\r\n.\r\nMAIL FROM:<x>").text
        let header = text.components(separatedBy: "\r\n\r\n")[0]
        let names = header.components(separatedBy: "\r\n").filter { !$0.hasPrefix(" ") }.map { $0.prefix { $0 != ":" } }
        #expect(
            names == [
                "From", "To", "Subject", "Date", "Message-ID", "MIME-Version", "Content-Type",
                "Content-Transfer-Encoding", "Auto-Submitted",
            ])
        #expect(!text.contains("Bcc: evil"))
        // Only line ends that belong there.
        #expect(text.replacing("\r\n", with: "").allSatisfy { $0 != "\r" && $0 != "\n" })
    }

    @Test(arguments: [
        ("plain", "plain"), ("", ""), ("Zürich", "=?utf-8?B?WsO8cmljaA==?="),
        ("=?utf-8?B?x?=", "=?utf-8?B?PT91dGYtOD9CP3g/PQ==?="),
        ("a\nb", "=?utf-8?B?YQpi?="),
    ])
    func headersAreEncoded(_ text: String, _ encoded: String) { #expect(MailMessage.encodedHeader(text) == encoded) }

    /// Decodes the words again, as a mail program does.
    @Test func longHeadersAreFoldedBetweenCharacters() throws {
        let text = String(repeating: "größer als je zuvor, ", count: 12)
        let encoded = MailMessage.encodedHeader(text)
        var decoded = ""
        for word in encoded.components(separatedBy: "\r\n ") {
            #expect(word.utf8.count <= 75)
            let data = try #require(Data(base64Encoded: String(word.dropFirst("=?utf-8?B?".count).dropLast(2))))
            decoded += try #require(String(data: data, encoding: .utf8))
        }
        #expect(decoded == text)
    }

    @Test func bodiesAreQuotedPrintable() {
        #expect(MailMessage.quotedPrintable("a = b \nü") == "a =3D b=20\r\n=C3=BC\r\n")
        let long = MailMessage.quotedPrintable(String(repeating: "x", count: 400))
        #expect(long.components(separatedBy: "\r\n").allSatisfy { $0.utf8.count <= 76 })
        #expect(long.replacing("=\r\n", with: "") == String(repeating: "x", count: 400) + "\r\n")
    }

    @Test(arguments: [
        ("a\r\n.\r\nb\r\n", "a\r\n..\r\nb\r\n.\r\n"), (".hidden", "..hidden\r\n.\r\n"), ("a\r\n", "a\r\n.\r\n"),
    ])
    func linesWithADotAreStuffed(_ text: String, _ stuffed: String) { #expect(MailMessage.stuffed(text) == stuffed) }

    @Test func theDateIsThatOfRFC5322() {
        #expect(message().text.contains("\r\nDate: Mon, 30 Nov 2026 00:53:20 +0000\r\n"))
        #expect(Instant(milliseconds: 1_796_000_000_000).rfc3339 == "2026-11-30T00:53:20Z")
    }
}
