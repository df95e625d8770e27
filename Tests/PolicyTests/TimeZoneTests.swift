import Foundation
import Model
import Policy
import Testing

/// `hour` and `weekday` in real time zones.
@Suite struct TimeZoneTests {
    private func holds(_ text: String, at time: String) throws -> Bool {
        let condition = try #require(SamplePolicy.condition(text), "the policy is refused")
        let readings = TableReadings(wallTime: Instant(rfc3339: time))
        let truth = condition.evaluate(readings).truth
        let compiled = CompiledCondition(condition, windows: []) { _ in "" }
        #expect(compiled.truth(readings) == truth)
        return truth == .yes
    }

    /// Around changes of the clocks: in the north and the south, in zones of half and quarter hours, and by half an hour.
    @Test(arguments: [
        ("Europe/Berlin", "2026-03-29T00:59:59Z", 1, 0), ("Europe/Berlin", "2026-03-29T01:00:00Z", 3, 0),
        ("Europe/Berlin", "2026-10-25T00:59:59Z", 2, 0), ("Europe/Berlin", "2026-10-25T01:00:00Z", 2, 0),
        ("Europe/Berlin", "2026-10-25T02:00:00Z", 3, 0), ("Europe/Berlin", "2026-12-31T23:00:00Z", 0, 5),
        ("Australia/Sydney", "2026-04-04T15:59:59Z", 2, 0), ("Australia/Sydney", "2026-04-04T16:00:00Z", 2, 0),
        ("Australia/Sydney", "2026-10-03T15:59:59Z", 1, 0), ("Australia/Sydney", "2026-10-03T16:00:00Z", 3, 0),
        ("Asia/Kolkata", "2026-07-01T18:29:59Z", 23, 3), ("Asia/Kolkata", "2026-07-01T18:30:00Z", 0, 4),
        ("Asia/Kathmandu", "2026-07-01T18:15:00Z", 0, 4),
        ("Australia/Lord_Howe", "2026-10-03T15:29:59Z", 1, 0), ("Australia/Lord_Howe", "2026-10-03T15:30:00Z", 2, 0),
        ("America/New_York", "2026-01-01T04:59:59Z", 23, 3), ("America/New_York", "2026-01-01T05:00:00Z", 0, 4),
        ("UTC", "1969-12-31T23:00:00Z", 23, 3), ("Europe/Berlin", "2071-07-01T12:00:00Z", 14, 3),
    ])
    func clocksShowLocalTime(_ zone: String, _ time: String, _ hour: Int, _ weekday: Int) throws {
        #expect(try holds("hour(\"\(zone)\") == \(hour)", at: time))
        #expect(try holds("weekday('\(zone)') == \(weekday)", at: time))
    }

    /// Every hour of five years, compared with the library's calendar.
    @Test(arguments: ["Europe/Berlin", "America/Sao_Paulo", "Africa/Casablanca", "Pacific/Chatham", "Asia/Kolkata"])
    func clocksAgreeWithTheCalendar(_ zone: String) throws {
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = try #require(TimeZone(identifier: zone))
        let table = try #require(TimeZoneTable(zone))
        for hour in 0..<5 * 365 * 24 {
            let seconds = 1_735_689_600 + hour * 3600 + 1234
            let date = calendar.dateComponents([.hour, .weekday], from: Date(timeIntervalSince1970: Double(seconds)))
            let time = Instant(milliseconds: Int64(seconds) * 1000)
            let isSame = table.hour(at: time) == date.hour && table.weekday(at: time) + 1 == date.weekday
            if !isSame { #expect(Bool(false), "\(zone) \(time.rfc3339)") }
        }
    }

    @Test(arguments: [
        ("hour(\"Europe/Berln\") > 5", "unknown time zone 'Europe/Berln'", "did you mean \"Europe/Berlin\"?"),
        ("hour(\"europe/berlin\") > 5", "unknown time zone 'europe/berlin'", "did you mean \"Europe/Berlin\"?"),
        ("weekday(\"New York\") > 5", "unknown time zone 'New York'", "did you mean \"America/New_York\"?"),
        ("hour(\"Nowhere\") > 5", "unknown time zone 'Nowhere'", "for example hour(\"Europe/Berlin\") >= 18"),
        ("hour() > 5", "hour takes one time zone", "for example hour(\"Europe/Berlin\") >= 18"),
        ("hour(5) > 5", "hour takes one time zone", "for example hour(\"Europe/Berlin\") >= 18"),
        ("hours(\"UTC\") > 5", "unknown function 'hours'", "did you mean 'hour'?"),
    ])
    func unknownZonesAreRefused(_ condition: String, _ message: String, _ help: String) {
        let diagnostics = SamplePolicy.outcome(when: condition).diagnostics
        #expect(diagnostics.map(\.message).contains(message) && diagnostics.map(\.help).contains(help))
    }

    @Test(arguments: ["hour(\"UTC\") > 23", "weekday(\"UTC\") == 7", "hour(\"UTC\") >= 22 and hour(\"UTC\") < 6"])
    func impossibleTimesAreRefused(_ condition: String) {
        let messages = SamplePolicy.outcome(when: condition).diagnostics.map(\.message)
        #expect(messages.contains { $0.hasSuffix("can never be true") })
    }

    @Test func explanationsShowTheHour() throws {
        let condition = try #require(SamplePolicy.condition("hour(\"UTC\") >= 18 and sent > 5"))
        let tree = condition.tree(TableReadings(wallTime: Instant(rfc3339: "2026-12-01T19:30:00Z")))
        #expect(tree.parts[0].text == "hour(\"UTC\") >= 18" && tree.parts[0].value == "19 >= 18")
        #expect(condition.missing(in: TableReadings()).stats == ["sent"])
    }
}
