import Model
import Policy
import Testing

/// What `quiet` means in real time zones.
@Suite struct QuietHoursTests {
    private func outcome(_ rest: String, workspace more: String = "") -> PolicyLoader.Outcome {
        PolicyLoader.load(
            SourceFile(
                name: "p",
                text: """
                    version: 1
                    mode: enforce
                    workspace: {name: acme, provider: leadterra, credential: key\(more)}
                    campaigns: [{id: camp_1}]
                    rules: [{name: b, when: bounced >= 50, then: pause}]
                    \(rest)
                    """))
    }

    private func hours(_ list: String) throws -> QuietHours {
        let outcome = outcome("quiet: \(list)")
        return try #require(outcome.policy, "\(outcome.diagnostics)").quiet
    }

    /// The end of the quiet time at `time`, `-` if it is not quiet, and `always`.
    private func end(_ list: String, at time: String) throws -> String {
        let time = try #require(Instant(rfc3339: time))
        guard let spell = try hours(list).spell(at: time) else { return "-" }
        return spell.until.map { String($0.rfc3339.prefix(16)) } ?? "always"
    }

    private static let night = "{from: \"18:00\", to: \"08:00\", weekdays: mon-fri, tz: Europe/Berlin}"
    private static let weekend = "{weekdays: [sat, sun], tz: Europe/Berlin}"

    /// 2026-12-01 is a Tuesday.
    @Test(arguments: [
        ("2026-12-01T16:59:59Z", "-"), ("2026-12-01T17:00:00Z", "2026-12-02T07:00"),
        ("2026-12-02T06:59:59Z", "2026-12-02T07:00"), ("2026-12-02T07:00:00Z", "-"),
        // Friday night belongs to Friday, and Monday before 8 belongs to Sunday.
        ("2026-12-05T06:59:00Z", "2026-12-05T07:00"), ("2026-12-05T07:00:00Z", "-"),
        ("2026-12-07T05:00:00Z", "-"), ("2026-12-07T17:00:00Z", "2026-12-08T07:00"),
    ])
    func aNightBelongsToTheDayOnWhichItBegins(_ time: String, _ end: String) throws {
        #expect(try self.end("[\(Self.night)]", at: time) == end)
    }

    @Test(arguments: [
        ("2026-12-04T17:00:00Z", "2026-12-06T23:00"), ("2026-12-05T12:00:00Z", "2026-12-06T23:00"),
        ("2026-12-06T23:00:00Z", "-"),
    ])
    func windowsThatTouchAreOne(_ time: String, _ end: String) throws {
        #expect(try self.end("[\(Self.weekend), \(Self.night)]", at: time) == end)
    }

    /// Clocks skip 02:00 to 03:00 on 2026-03-29, and show it twice on 2026-10-25.
    @Test(arguments: [
        // The night is an hour shorter, or longer.
        ("00:00", "08:00", "2026-03-28T23:00:00Z", "2026-03-29T06:00"),
        ("00:00", "08:00", "2026-10-24T22:00:00Z", "2026-10-25T07:00"),
        // A window that clocks skip does not exist; one that they skip in part is shorter.
        ("02:15", "02:45", "2026-03-29T01:00:00Z", "-"), ("02:15", "02:45", "2026-03-29T00:59:59Z", "-"),
        ("01:30", "02:30", "2026-03-29T00:30:00Z", "2026-03-29T01:00"), ("01:30", "02:30", "2026-03-29T01:00:00Z", "-"),
        ("02:30", "04:00", "2026-03-29T00:59:00Z", "-"), ("02:30", "04:00", "2026-03-29T01:00:00Z", "2026-03-29T02:00"),
        // A window that clocks show twice lasts from its first beginning to its second end.
        ("02:15", "02:45", "2026-10-25T00:14:59Z", "-"), ("02:15", "02:45", "2026-10-25T00:15:00Z", "2026-10-25T01:45"),
        ("02:15", "02:45", "2026-10-25T01:00:00Z", "2026-10-25T01:45"), ("02:15", "02:45", "2026-10-25T01:45:00Z", "-"),
        ("02:30", "04:00", "2026-10-25T00:30:00Z", "2026-10-25T03:00"),
        ("01:00", "02:30", "2026-10-24T23:00:00Z", "2026-10-25T01:30"),
    ])
    func clockChanges(_ from: String, _ to: String, _ time: String, _ end: String) throws {
        let list = "[{from: \"\(from)\", to: \"\(to)\", tz: Europe/Berlin}]"
        #expect(try self.end(list, at: time) == end)
    }

    /// A zone that changed by a whole day, one that changes by half an hour, and a time beyond the table.
    @Test(arguments: [
        ("{weekdays: fri, tz: Pacific/Apia}", "2011-12-30T09:59:59Z", "-"),
        ("{weekdays: fri, tz: Pacific/Apia}", "2011-12-30T10:00:00Z", "-"),
        ("{weekdays: sat, tz: Pacific/Apia}", "2011-12-30T10:00:00Z", "2011-12-31T10:00"),
        ("{from: \"02:00\", to: \"02:30\", tz: Australia/Lord_Howe}", "2026-10-03T15:30:00Z", "-"),
        ("{from: \"01:45\", to: \"03:00\", tz: Australia/Lord_Howe}", "2026-10-03T15:15:00Z", "2026-10-03T16:00"),
        ("{from: \"12:00\", to: \"13:00\", tz: UTC}", "2071-07-01T12:30:00Z", "2071-07-01T13:00"),
        ("{from: \"12:00\", tz: UTC}", "2026-07-01T12:30:00Z", "2026-07-02T00:00"),
        ("{to: \"12:00\", tz: UTC}", "2026-07-01T11:30:00Z", "2026-07-01T12:00"),
        ("{weekdays: fri-mon, tz: UTC}", "2026-12-05T11:30:00Z", "2026-12-08T00:00"),
    ])
    func otherZones(_ window: String, _ time: String, _ end: String) throws {
        #expect(try self.end("[\(window)]", at: time) == end)
    }

    /// Every quarter of an hour of two years, by counting local minutes of the week.
    @Test(arguments: ["Europe/Berlin", "America/New_York", "Australia/Sydney", "Asia/Kathmandu", "UTC"])
    func quietTimesHaveNoGaps(_ zone: String) throws {
        let hours = try hours("[{from: \"18:00\", to: \"08:00\", tz: \(zone)}]")
        let table = try #require(TimeZoneTable(zone))
        var time = try #require(Instant(rfc3339: "2026-01-01T00:00:00Z"))
        var wrong: [String] = []
        while time < Instant(milliseconds: 1_830_000_000_000) {
            let hour = table.hour(at: time)
            let spell = hours.spell(at: time)
            if (hour >= 18 || hour < 8) != (spell != nil) { wrong.append(time.rfc3339) }
            if let until = spell?.until, table.hour(at: until) != 8 || until <= time { wrong.append(time.rfc3339) }
            time = time + .seconds(900)
        }
        #expect(wrong == [])
    }

    @Test func aWorkspaceCanHaveItsOwn() throws {
        let quiet = "quiet: [\(Self.weekend)]"
        let inherited = try #require(outcome(quiet).policy)
        #expect(inherited.quietHours(of: WorkspaceName("acme")).windows.count == 1)
        let none = try #require(outcome(quiet, workspace: ", quiet: []").policy)
        #expect(none.quietHours(of: WorkspaceName("acme")).windows.isEmpty)
        let own = try #require(outcome(quiet, workspace: ", quiet: [\(Self.weekend), \(Self.night)]").policy)
        #expect(own.quietHours(of: WorkspaceName("acme")).windows.count == 2 && own != none)
    }

    @Test(arguments: [
        ("[{tz: UTC}]", true), ("[{weekdays: mon-sun, tz: Asia/Tokyo}]", true),
        ("[{from: \"08:00\", to: \"20:00\", tz: UTC}, {from: \"19:00\", to: \"08:00\", tz: UTC}]", true),
        ("[{from: \"00:00\", to: \"23:59\", tz: UTC}]", false), ("[{weekdays: mon-sat, tz: UTC}]", false),
    ])
    func aWeekWithoutTimeIsAWarning(_ list: String, _ warns: Bool) throws {
        let outcome = outcome("quiet: \(list)")
        let messages = outcome.diagnostics.map(\.message)
        #expect(messages.contains { $0.contains("quiet hours leave no time of the week") } == warns, "\(messages)")
        #expect(outcome.policy != nil)
        if warns { #expect(try end(list, at: "2026-12-01T12:00:00Z") == "always") }
    }

    @Test(arguments: [
        ("[{weekdays: Mon-Fri, tz: UTC}]", "write mon-fri"), ("[{weekdays: Saturday, tz: UTC}]", "write sat"),
        (
            "[{weekdays: holiday, tz: UTC}]",
            "write sun, mon, tue, wed, thu, fri or sat, a range such as mon-fri, or a list of these"
        ),
        ("[{days: sat, tz: UTC}]", "did you mean 'weekdays'?"),
        ("[{weekdays: sat}]", "add their time zone, for example 'tz: Europe/Berlin'"),
        ("[{to: 8am, tz: UTC}]", "for example to: \"08:00\""),
        ("[{weekdays: [], tz: UTC}]", "remove it to mean every day"),
    ])
    func errorsSayWhatToWrite(_ list: String, _ help: String) {
        #expect(outcome("quiet: \(list)").diagnostics.compactMap(\.help).contains(help))
    }
}
