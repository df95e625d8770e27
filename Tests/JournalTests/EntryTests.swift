import Foundation
import Journal
import Model
import TestSupport
import Testing

/// The format of entries, also for hostile text.
@Suite struct EntryTests {
    static let at = Instant(milliseconds: 1_796_000_000_250)

    private func entry(_ message: String, _ fields: [JournalField: String] = [:]) -> JournalEntry {
        JournalEntry(JournalEvent(.campaignPaused, message, fields: fields), sequence: 7, at: Self.at)
    }

    private func decoded(_ entry: JournalEntry) throws -> [String: String] {
        try JSONDecoder().decode([String: String].self, from: Data(EntryFormat.json(entry).utf8))
    }

    @Test func aTextLineHasTimePriorityEventAndMessage() {
        #expect(
            EntryFormat.text(entry("paused camp_1"))
                == "2026-11-30T00:53:20.250Z warning campaign.paused: paused camp_1")
    }

    @Test func jsonHasTheJournalsFieldNamesAndStringValues() throws {
        let object = try decoded(entry("paused camp_1", [.campaign: "camp_1", .value: "0.056"]))
        #expect(
            object == [
                "__REALTIME_TIMESTAMP": "1796000000250000", "MESSAGE": "paused camp_1",
                "MESSAGE_ID": EventKind.campaignPaused.messageID, "PRIORITY": "4", "SYSLOG_IDENTIFIER": "sendwarden",
                "SENDWARDEN_EVENT": "campaign.paused", "SENDWARDEN_SEQ": "7", "SENDWARDEN_CAMPAIGN": "camp_1",
                "SENDWARDEN_VALUE": "0.056",
            ])
    }

    static let hostile: [(String, String)] = [
        ("two\nlines", "two lines"), ("return\rhere", "return here"), ("\u{1B}[31mred\u{1B}[0m", " [31mred [0m"),
        ("nul\u{0}byte", "nul byte"), ("tab\there", "tab here"), ("del\u{7F}", "del "), ("c1\u{9B}31m", "c1 31m"),
        ("right\u{202E}left", "right left"), ("line\u{2028}separator", "line separator"),
        ("zero\u{200B}width", "zero width"),
        ("bom\u{FEFF}", "bom "), ("plain \"quotes\" \\ é 漢 🚀", "plain \"quotes\" \\ é 漢 🚀"),
    ]

    @Test(arguments: hostile)
    func untrustedTextIsSanitized(_ text: String, _ expected: String) throws {
        let entry = entry("paused \(text)", [.campaignName: text])
        let object = try decoded(entry)
        #expect(object["MESSAGE"] == "paused \(expected)")
        #expect(object["SENDWARDEN_CAMPAIGN_NAME"] == expected)
        for line in [EntryFormat.text(entry), EntryFormat.json(entry)] {
            #expect(line.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7F })
        }
    }

    @Test(arguments: hostile)
    func aTerminalShowsUntrustedTextAsItIs(_ text: String, _ expected: String) {
        let isOurs = text.contains("\u{1B}[31m") || text.contains("\n")
        #expect(CleanText.printed(text) == (isOurs ? text : expected))
    }

    @Test func aTerminalShowsOurColorsAndNoOtherSequence() {
        #expect(CleanText.printed("\u{1B}[1mbold\u{1B}[0m\nnext") == "\u{1B}[1mbold\u{1B}[0m\nnext")
        #expect(CleanText.printed("\u{1B}[8mhidden\u{1B}[2J\u{1B}]0;title\u{7}") == " [8mhidden [2J ]0;title ")
        let long = String(repeating: "漢", count: 5000)
        #expect(CleanText.printed(long) == long)
    }

    /// Every character of the general categories Cc, Cf, Zl and Zp, and no other.
    @Test func cleaningFollowsTheGeneralCategories() {
        for scalar in (UInt32(0)...0xE_007F).compactMap(Unicode.Scalar.init) {
            let category = scalar.properties.generalCategory
            let isControlling = [.control, .format, .lineSeparator, .paragraphSeparator].contains(category)
            guard isControlling != scalar.isControlling else { continue }
            Issue.record("\(scalar.codePoint)")
        }
        #expect(CleanText.cleaned("a\u{2066}b\u{E0041}c\u{AD}d") == "a b c d")
    }

    @Test func longTextIsTruncatedToTheJournalsLimit() throws {
        let long = String(repeating: "漢", count: 5000)
        let object = try decoded(entry(long, [.campaignName: long]))
        for (name, value) in object {
            #expect(name.utf8.count + 1 + value.utf8.count <= 4096)
        }
        #expect(object["MESSAGE"]?.hasSuffix("…") == true)
    }

    @Test func emptyValuesAreOmitted() {
        #expect(!entry("x", [.campaignName: ""]).fields.contains { $0.value.isEmpty })
    }

    @Test func fieldNamesAreValidForTheJournal() {
        let names = entry("x", Dictionary(uniqueKeysWithValues: JournalField.allCases.map { ($0, "v") })).fields.map(
            \.name)
        #expect(Set(names).count == names.count)
        for name in names {
            // systemd.journal-fields(7): A-Z, 0-9 and _, not beginning with _ or a digit, up to 64 characters.
            #expect(name.utf8.allSatisfy { (65...90).contains($0) || (48...57).contains($0) || $0 == 95 })
            #expect(name.first?.isLetter == true)
            #expect(name.count <= 64)
        }
        #expect(names.count == 6 + JournalField.allCases.count)
    }

    @Test func messageIDsAreUniqueAndWellFormed() {
        let ids = EventKind.allCases.map(\.messageID)
        #expect(Set(ids).count == ids.count)
        #expect(ids.allSatisfy { $0.count == 32 && $0.allSatisfy { $0.isHexDigit && !$0.isUppercase } })
    }

    @Test(arguments: [Journal.Format.text, .json])
    func entriesAreNumberedInOrder(_ format: Journal.Format) async {
        let lines = Lines()
        let journal = Journal(format: format, time: ManualTime(), writeLine: lines.add)
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<8 {
                group.addTask { for _ in 0..<50 { journal.report(JournalEvent(.policyLoaded, "loaded")) } }
            }
        }
        #expect(lines.all.count == 400)
        guard format == .json else { return }
        let numbers = lines.all.compactMap {
            (try? JSONDecoder().decode([String: String].self, from: Data($0.utf8)))?["SENDWARDEN_SEQ"].flatMap {
                Int($0)
            }
        }
        #expect(numbers == Array(1...400))
    }
}
