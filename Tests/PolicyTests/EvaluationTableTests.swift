import Model
import Policy
import Testing

/// Conditions and their results: `T` true, `F` false, `?` unknown.
@Suite struct EvaluationTableTests {
    /// 480 sent, 453 delivered, 27 bounced, 20 queued; samples cover half of a window of 24 hours.
    static let readings = TableReadings(
        gauges: [
            .totalEnrolled: 500, .sent: 480, .delivered: 453, .bounced: 27, .replied: 38, .queued: 20,
            .openRate: 0.42, .replyRate: 0.08, .resolved: 480, .bounceRate: 27.0 / 480,
            .pool(.dailyCapacity): 2000, .pool(.remainingVolume): 1340, .pool(.reserved): 400, .pool(.available): 940,
            .accounts(.active): 6, .accounts(.paused): 1,
                // pool.activeSenders and accounts.warming are unknown.
        ],
        increases: [
            .sent: Increase(amount: 240, covered: .seconds(43200)),
            .delivered: Increase(amount: 220, covered: .seconds(43200)),
            .bounced: Increase(amount: 20, covered: .seconds(43200)),
            .resolved: Increase(amount: 240, covered: .seconds(43200)),
            .totalEnrolled: Increase(amount: 0, covered: .seconds(43200)),
            // The increase of replied is unknown.
        ],
        ages: [.stats: .seconds(30), .pools: .seconds(600)], labels: ["team": "sales"])

    static let table: [(String, Character)] = [
        // Comparisons at, below and above the limit.
        ("sent > 480", "F"), ("sent >= 480", "T"), ("sent < 480", "F"), ("sent <= 480", "T"), ("sent == 480", "T"),
        ("sent != 480", "F"), ("sent > 479", "T"), ("sent >= 481", "F"), ("sent < 481", "T"), ("sent <= 479", "F"),
        ("sent == 479", "F"), ("sent != 479", "T"), ("480 < sent", "F"), ("480 <= sent", "T"), ("50 < sent", "T"),
        // Every name.
        ("totalEnrolled == 500", "T"), ("delivered == 453", "T"), ("bounced == 27", "T"), ("replied == 38", "T"),
        ("queued == 20", "T"), ("openRate == 42%", "T"), ("replyRate == 8%", "T"), ("resolved == 480", "T"),
        ("bounceRate == 5.625%", "T"), ("pool.dailyCapacity == 2000", "T"), ("pool.remainingVolume == 1340", "T"),
        ("pool.reserved == 400", "T"), ("pool.available == 940", "T"), ("pool.activeSenders > 0", "?"),
        ("accounts.active == 6", "T"), ("accounts.paused == 1", "T"), ("accounts.warming == 0", "?"),
        // Literals.
        ("bounceRate > 5%", "T"), ("bounceRate > 0.05", "T"), ("bounceRate > 5.7%", "F"), ("bounceRate > 5 %", "T"),
        ("openRate < 0.5", "T"), ("sent > 479.5", "T"), ("age(stats) < 1m", "T"),
        ("age(stats) > 29s", "T"), ("age(stats) > 30s", "F"), ("age(stats) >= 30000ms", "T"),
        ("age(pools) == 10m", "T"),
        ("age(pools) > 1h", "F"), ("age(accounts) > 1h", "?"), ("age(stats) < 7d", "T"),
        // Windows.
        ("bounceRate(24h) > 8%", "T"), ("bounceRate(24h) > 9%", "F"), ("increase(sent, 24h) == 240", "T"),
        ("increase(bounced, 24h) >= 20", "T"), ("increase(resolved, 24h) >= 241", "F"),
        ("increase(replied, 24h) >= 0.5 * 2", "?"), ("rate(sent, 24h) == 20", "T"), ("rate(bounced, 24h) > 2", "F"),
        ("rate(replied, 24h) > 2", "?"), ("increase(totalEnrolled, 24h) > 0", "F"),
        // Arithmetic and precedence.
        ("sent + queued == 500", "T"), ("sent - delivered == 27", "T"), ("2 * bounced == 54", "T"),
        ("bounced * 2 == 54", "T"), ("sent / 2 == 240", "T"), ("bounced / sent > 5%", "T"),
        ("sent - delivered - bounced == 0", "T"), ("sent - (delivered - bounced) == 54", "T"),
        ("sent / 2 / 2 == 120", "T"), ("sent / (2 * 2) == 120", "T"), ("sent + 2 * queued == 520", "T"),
        ("(sent + queued) / 2 == 250", "T"), ("-queued < -5", "T"), ("sent - -queued == 500", "T"),
        ("pool.remainingVolume - pool.reserved == pool.available", "T"), ("bounceRate * 2 > 11%", "T"),
        ("bounceRate / openRate > 0.13", "T"), ("age(stats) * 2 == 1m", "T"), ("age(pools) - age(stats) == 570s", "T"),
        ("replied / delivered > bounced / delivered", "T"), ("age(stats) / age(pools) == 5%", "T"),
        ("rate(sent, 24h) * 2h == 40", "T"), ("queued / 1h == 20", "T"), ("queued / rate(sent, 24h) == 1h", "T"),
        // 0/0 and x/0 are unknown.
        ("sent / (queued - 20) > 5%", "?"), ("(sent - 480) / (queued - 20) > 5%", "?"),
        ("bounced / (sent - 480) >= 5%", "?"), ("(sent - 480) / sent < 5%", "T"),
        // Kleene logic: unknown and false is false, unknown or true is true.
        ("sent > 5 and bounced > 5", "T"), ("sent > 5 and bounced > 50", "F"), ("sent > 500 and bounced > 50", "F"),
        ("sent > 5 or bounced > 50", "T"), ("sent > 500 or bounced > 5", "T"), ("sent > 500 or bounced > 50", "F"),
        ("accounts.warming > 1 and sent > 500", "F"), ("sent > 500 and accounts.warming > 1", "F"),
        ("accounts.warming > 1 and sent > 5", "?"), ("sent > 5 and accounts.warming > 1", "?"),
        ("accounts.warming > 1 or sent > 5", "T"), ("sent > 5 or accounts.warming > 1", "T"),
        ("accounts.warming > 1 or sent > 500", "?"), ("accounts.warming > 1 and pool.activeSenders > 1", "?"),
        ("accounts.warming > 1 or pool.activeSenders > 1", "?"), ("not accounts.warming > 1", "?"),
        ("not sent > 500", "T"), ("not sent > 5", "F"), ("not not sent > 5", "T"),
        ("not (sent > 5 and bounced > 50)", "T"), ("not sent > 5 or bounced > 5", "T"),
        ("sent > 500 and bounced > 50 or queued > 5", "T"), ("queued > 5 or sent > 500 and bounced > 50", "T"),
        ("(queued > 5 or sent > 500) and bounced > 50", "F"), ("not sent > 500 and bounced > 5", "T"),
        ("not (sent > 500 or accounts.warming > 1)", "?"), ("not (sent > 5 or accounts.warming > 1)", "F"),
        // A comparison with an unknown value is unknown.
        ("accounts.warming != 3", "?"), ("accounts.warming <= 3", "?"), ("accounts.warming + sent > 5", "?"),
        // Texts.
        ("campaign.label(\"team\") == \"sales\"", "T"), ("campaign.label(\"team\") != \"sales\"", "F"),
        ("campaign.label('team') == 'growth'", "F"), ("'sales' == campaign.label('team')", "T"),
        ("campaign.label('region') == ''", "T"), ("campaign.label('region') == campaign.label('team')", "F"),
        ("campaign.label('team') == 'sales' and sent > 500", "F"),
        ("campaign.label('team') == 'growth' and accounts.warming > 1", "F"),
    ]

    @Test func theTableHasAHundredDistinctConditions() {
        #expect(Self.table.count >= 100)
        #expect(Set(Self.table.map(\.0)).count == Self.table.count)
    }

    @Test(arguments: table)
    func evaluatesAsInTheTable(_ text: String, _ expected: Character) throws {
        let condition = try #require(SamplePolicy.condition(text), "the policy is refused")
        let outcome: Character =
            switch condition.evaluate(Self.readings).truth {
            case .yes: "T"
            case .no: "F"
            case .unknown: "?"
            }
        #expect(outcome == expected)
    }

    @Test func evidenceContainsEveryComparisonAndTheSmallestCoverage() throws {
        let condition = try #require(SamplePolicy.condition("bounceRate(24h) > 5% and accounts.warming > 1"))
        let evaluation = condition.evaluate(Self.readings)
        #expect(evaluation.findings.map(\.truth) == [.yes, .unknown])
        #expect(evaluation.findings.map(\.comparison.text) == ["bounceRate(24h) > 5%", "accounts.warming > 1"])
        #expect(evaluation.findings[0].left == 20.0 / 240)
        #expect(evaluation.coverage == 0.5)
    }

    @Test func coverageIsNilWithoutAWindow() throws {
        let condition = try #require(SamplePolicy.condition("sent > 5"))
        #expect(condition.evaluate(Self.readings).coverage == nil)
    }
}
