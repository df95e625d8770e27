import Model
import Testing

/// The written forms of durations, times and ratios.
@Suite struct TextFormTests {
    static let durations: [(String, Duration)] = [
        ("500ms", .milliseconds(500)), ("90s", .seconds(90)), ("2m", .seconds(120)), ("4h", .seconds(14400)),
        ("7d", .seconds(604_800)), ("0s", .zero),
    ]

    @Test(arguments: durations)
    func durationsAreRead(_ text: String, _ duration: Duration) {
        #expect(Duration(policyText: text) == duration)
    }

    @Test(arguments: ["", "5", "s", "5 m", "-5m", "5.5h", "5M", "5min", "99999999999999999999s", "20000d", "5m5"])
    func otherTextsAreNotDurations(_ text: String) {
        #expect(Duration(policyText: text) == nil)
    }

    @Test(arguments: [
        Duration.milliseconds(500), .seconds(90), .seconds(3600), .seconds(86400), .seconds(2353), .milliseconds(1500),
    ])
    func exactDurationsRoundTrip(_ duration: Duration) {
        let text = duration.policyText
        #expect(!text.isEmpty)
        if let read = Duration(policyText: text) { #expect(read == duration) }
    }

    @Test(arguments: [
        ("2026-12-01T09:00:00Z", Int64(1_796_115_600_000)), ("2026-12-01T10:00:00+01:00", 1_796_115_600_000),
        ("1970-01-01T00:00:00Z", 0), ("2024-02-29T23:59:59.250Z", 1_709_251_199_250),
        ("2025-01-15t14:22:00z", 1_736_950_920_000),
    ])
    func timesAreRead(_ text: String, _ milliseconds: Int64) {
        #expect(Instant(rfc3339: text)?.milliseconds == milliseconds)
    }

    @Test func aTimeOfAnotherDayHasItsDate() throws {
        let now = try #require(Instant(rfc3339: "2026-12-01T18:21:30Z"))
        #expect((now + .seconds(3600)).shortText(on: now) == "19:21Z")
        #expect((now + .seconds(86400)).shortText(on: now) == "2026-12-02 18:21Z")
    }

    @Test(arguments: [
        "2025-02-29T00:00:00Z", "2026-13-01T00:00:00Z", "2026-12-01", "2026-12-01T09:00:00", "2026-12-01T24:00:00Z",
        "2026-12-01T09:00:00Z ", "tomorrow", "",
    ])
    func otherTextsAreNotTimes(_ text: String) {
        #expect(Instant(rfc3339: text) == nil)
    }

    @Test func timesRoundTrip() {
        for day in stride(from: Int64(0), to: 40_000, by: 7) {
            let instant = Instant(milliseconds: day * 86_400_000 + day * 1009)
            #expect(Instant(rfc3339: instant.rfc3339) == instant)
            #expect(instant.nextMidnight > instant)
            #expect(instant.nextMidnight.milliseconds % 86_400_000 == 0)
        }
    }

    @Test(arguments: ["camp_123", "a", "A-Z.0~9", String(repeating: "x", count: 128)])
    func validIDsAreAccepted(_ text: String) {
        #expect(CampaignID(text)?.text == text)
    }

    @Test(arguments: [
        "", ".", "..", "a/b", "a b", "a?b", "a#b", "a%2Fb", "é", "a\n", String(repeating: "x", count: 129),
    ])
    func otherIDsAreRefused(_ text: String) {
        #expect(CampaignID(text) == nil)
    }
}
