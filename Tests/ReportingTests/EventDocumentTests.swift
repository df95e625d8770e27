import Foundation
import Model
import Reporting
import Testing

/// `docs/events.md` and the journal's catalog agree with the code.
@Suite struct EventDocumentTests {
    private static func read(_ file: String) throws -> String {
        try String(contentsOf: EntryTests.repository.appendingPathComponent(file), encoding: .utf8)
    }

    /// The cells of the table below a heading of `docs/events.md`, row by row, without the header.
    private static func rows(of heading: String) throws -> [[String]] {
        let section = try #require(
            try read("docs/events.md").components(separatedBy: "\n## ").first { $0.hasPrefix(heading + "\n") })
        return section.split(separator: "\n").filter { $0.hasPrefix("| `") }.map { line in
            line.dropFirst(2).dropLast(2).components(separatedBy: " | ")
        }
    }

    private static func code(_ text: String) -> String { "`\(text)`" }

    @Test func everyKindIsListedWithItsPriorityIDAndMeaning() throws {
        let meanings = try Self.meanings()
        let expected = try EventKind.allCases.map { kind in
            [
                Self.code(kind.rawValue), kind.priority.word, Self.code(kind.messageID),
                try #require(meanings[kind.rawValue], "\(kind.rawValue)"),
            ]
        }
        #expect(try Self.rows(of: "Kinds") == expected)
    }

    /// The doc comment of each kind.
    private static func meanings() throws -> [String: String] {
        var meanings: [String: String] = [:]
        var comment: [Substring] = []
        for line in try read("Sources/Model/Events/EventKind.swift").split(separator: "\n") {
            let line = line.drop { $0 == " " }
            if line.hasPrefix("/// ") {
                comment.append(line.dropFirst("/// ".count))
            } else {
                if line.hasPrefix("case "), let name = line.split(separator: "\"").dropFirst().first {
                    meanings[String(name)] = comment.joined(separator: " ")
                }
                comment = []
            }
        }
        return meanings
    }

    @Test func everyFieldIsListed() throws {
        let names = try Self.rows(of: "Fields").map { $0[0] }
        #expect(names.sorted() == JournalField.allCases.map { Self.code($0.rawValue) }.sorted())
    }

    @Test func everyExampleIsAMessageOfTheGuard() throws {
        let examples = try Self.rows(of: "Examples")
        let messages = Dictionary(
            grouping: try Fixture.all().map(\.event.entry), by: { Self.code($0.kind.rawValue) }
        ).mapValues { Set($0.map(\.message)) }
        for example in examples { #expect(messages[example[0]]?.contains(example[1]) == true, "\(example)") }
        let kinds = Set(EventKind.allCases).subtracting(EntryTests.daemonKinds)
        #expect(Set(examples.map { $0[0] }) == Set(kinds.map { Self.code($0.rawValue) }))
    }

    @Test func everyKindIsInTheCatalog() throws {
        let sections = try Self.read("config/sendwarden.catalog").components(separatedBy: "\n-- ").dropFirst()
        var ids: [String] = []
        for section in sections {
            let lines = section.components(separatedBy: "\n")
            ids.append(lines[0])
            #expect(lines[1].hasPrefix("Subject: ") && lines[1].count > 12)
            #expect(lines[2] == "Defined-By: Sendwarden")
            let gap = try #require(lines.firstIndex(of: ""))
            #expect(lines[(gap + 1)...].joined().count > 30, "\(lines[1]) explains nothing")
        }
        #expect(ids.sorted() == EventKind.allCases.map(\.messageID).sorted())
    }

    @Test(arguments: ["docs/events.md", "config/sendwarden.catalog"])
    func documentsArePlainEnglish(_ file: String) throws {
        for line in try Self.read(file).split(separator: "\n") {
            // Names and keys in backticks are not prose.
            let prose = line.split(separator: "`", omittingEmptySubsequences: false).enumerated()
                .filter { $0.offset.isMultiple(of: 2) }.map(\.element).joined()
            #expect(EntryTests.bannedWords(in: prose) == [], "\(line)")
        }
    }
}
