import Daemon
import Testing

/// The JSON of all outputs.
@Suite struct ReadableJSONTests {
    @Test func controlAndFormatCharactersAreEscapedWithoutLoss() throws {
        let text = "a\u{202E}b\u{200B}c\u{9B}d\u{E0041}e\u{2028}f\ng é 漢 🚀"
        let json = try ReadableJSON.line(["name": text])
        #expect(
            json == #"{"name":"a\u202eb\u200bc\u009bd\udb40\udc41e\u2028f\ng é 漢 🚀"}"#)
        #expect(try ReadableJSON.value([String: String].self, from: .init(json.utf8)) == ["name": text])
        #expect(try ReadableJSON.text(["name": "é"]) == "{\n  \"name\" : \"é\"\n}")
    }
}
