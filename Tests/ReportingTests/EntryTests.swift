import Foundation
import Guard
import Model
import Policy
import Reporting
import Testing

/// Every event of the guard becomes the entry recorded in `Entries.txt`.
///
/// `SENDWARDEN_RECORD=1 swift test --filter ReportingTests` rewrites the file; review the changes.
@Suite struct EntryTests {
    static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    static let repository = folder.deletingLastPathComponent().deletingLastPathComponent()

    private static func text(_ fixture: Fixture) -> String {
        let entry = fixture.event.entry
        let fields = entry.fields.map { "    \($0.key.rawValue)=\($0.value)" }.sorted()
        return (["# \(fixture.name)", "\(entry.kind.rawValue) \(entry.priority.word)", entry.message] + fields)
            .joined(separator: "\n")
    }

    @Test func entriesAreAsRecorded() throws {
        let blocks = try Fixture.all().map(Self.text)
        let file = Self.folder.appendingPathComponent("Entries.txt")
        if ProcessInfo.processInfo.environment["SENDWARDEN_RECORD"] == "1" {
            try (blocks.joined(separator: "\n\n") + "\n").write(to: file, atomically: true, encoding: .utf8)
        }
        let recorded = try String(contentsOf: file, encoding: .utf8).dropLast().components(separatedBy: "\n\n")
        #expect(recorded.count == blocks.count)
        for (recorded, block) in zip(recorded, blocks) { #expect(recorded == block) }
    }

    @Test func namesAreUnique() throws {
        let names = try Fixture.all().map(\.name)
        #expect(Set(names).count == names.count)
    }

    /// The kinds that the daemon reports itself, without the guard.
    static let daemonKinds: Set<EventKind> = [
        .daemonStarted, .daemonReady, .daemonStopping, .policyLoaded, .policyRefused, .controlFailed, .journalDropped,
        .notifyFailed, .notifyRecovered, .notifyDropped,
    ]

    @Test func everyKindOfTheGuardHasAFixture() throws {
        let seen = Set(try Fixture.all().map(\.event.entry.kind))
        #expect(seen == Set(EventKind.allCases).subtracting(Self.daemonKinds))
    }

    /// Each case that Sources/Guard/Events declares occurs in a fixture.
    @Test func everyCaseOfTheEventsHasAFixture() throws {
        var seen: Set<String> = []
        for fixture in try Fixture.all() { Self.collectCases(of: fixture.event, into: &seen) }
        let declared = try Self.declaredCases()
        #expect(declared.count > 100)
        #expect(declared.subtracting(seen).sorted() == [])
    }

    /// `Type.case` for every enum value within `value`.
    private static func collectCases(of value: Any, into seen: inout Set<String>) {
        let mirror = Mirror(reflecting: value)
        if mirror.displayStyle == .enum {
            seen.insert("\(type(of: value)).\(mirror.children.first?.label ?? "\(value)")")
        }
        for child in mirror.children { collectCases(of: child.value, into: &seen) }
    }

    private static func declaredCases() throws -> Set<String> {
        let folder = repository.appendingPathComponent("Sources/Guard/Events")
        var cases: Set<String> = []
        for name in try FileManager.default.contentsOfDirectory(atPath: folder.path) {
            var type = ""
            for line in try String(contentsOf: folder.appendingPathComponent(name), encoding: .utf8).split(
                separator: "\n")
            {
                let words = line.split { !$0.isLetter && !$0.isNumber && $0 != "_" && $0 != "." }.map(String.init)
                if let index = words.firstIndex(of: "enum"), index + 1 < words.count, !line.contains("//") {
                    type = words[index + 1]
                }
                let isDeclaration = words.first == "case" || words.prefix(2) == ["indirect", "case"]
                // Subjects of events and ledger key names are not events.
                guard isDeclaration, !["Subject", "CodingKeys"].contains(type), !line.contains(":\n"),
                    !line.contains("case .")
                else { continue }
                for part in line.trimmingCharacters(in: .whitespaces).replacing("indirect ", with: "")
                    .dropFirst("case ".count).split(separator: "(")[0].split(separator: ", ")
                { cases.insert("\(type).\(part)") }
            }
        }
        return cases
    }

    // MARK: Language

    /// Private vocabulary and translated idioms that no operator would use.
    static let banned = [
        "mails", "mail", "told", "tells", "anew", "no more", "a look", "looked at", "belt", "cool-down", "mend",
        "promised", "unpromised", "judged", "numbers", "blind", "well again", "guarded", "graver",
    ]

    static func bannedWords(in text: String) -> [String] {
        let words = " " + text.lowercased().map { $0.isLetter || $0 == "-" ? String($0) : " " }.joined() + " "
        return banned.filter { words.contains(" \($0) ") }
    }

    @Test func messagesAreOneLineOfPlainEnglish() throws {
        for fixture in try Fixture.all() {
            let message = fixture.event.entry.message
            #expect(Self.bannedWords(in: message) == [], "\(message)")
            #expect(!message.contains("\n") && !message.contains("  ") && !message.hasSuffix("."), "\(message)")
            #expect(!message.contains("Optional(") && !message.contains("nil"), "\(message)")
        }
    }

    // MARK: Orders

    @Test func aReplyMatchesTheEntry() throws {
        for fixture in try Fixture.all() {
            guard case .order(let order, let entry, let outcome) = fixture.event else { continue }
            let reply = Reporting.OrderReply(outcome, order, entry)
            #expect(fixture.event.entry.message.hasSuffix(": " + reply.message))
            #expect(reply.accepted == (fixture.event.entry.kind == .orderAccepted))
            #expect(reply.canBeForced == outcome.canBeForced)
        }
    }

    @Test func aReplyIsStoredUnderTheNamesOfTheControlSocket() throws {
        let reply = Reporting.OrderReply(accepted: false, message: "no", canBeForced: true)
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        #expect(
            String(decoding: try encoder.encode(reply), as: UTF8.self)
                == #"{"accepted":false,"canBeForced":true,"message":"no"}"#)
    }
}
