import Model
import Policy
import TestSupport
import Testing

@testable import Guard

/// The sums of a group: however campaigns come, go and change, they are those of the present shares.
@Suite struct ShareTreeTests {
    private static func rule(_ condition: String = "bounceRate > 5% and increase(resolved, 24h) >= 100") throws -> Rule
    {
        try GuardBench.policy(
            "rules:\n  - {name: team, on: group, by: pool, when: '\(condition)', then: pause}\n"
        ).rules[0]
    }

    private static let start = Instant(milliseconds: 1_796_000_000_000)

    /// Counters are integers; the growth within a window is interpolated.
    private func randomShare(_ columns: GroupColumns, _ generator: inout SeededGenerator) -> GroupShare {
        GroupShare(
            values: (0..<columns.count).map { column in
                column < 2
                    ? Double(Int.random(in: 0...1_000_000, using: &generator))
                    : Double.random(in: 0...1_000_000, using: &generator)
            })
    }

    @Test(arguments: UInt64(1)...20)
    func theTotalIsThatOfTheSameSharesCountedFromScratch(_ seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let columns = GroupColumns(try Self.rule())
        let places = Int.random(in: 1...40, using: &generator)
        var shares: [GroupShare?] = Array(repeating: nil, count: places)
        var tree = ShareTree(columns, places: places)
        for _ in 0..<400 {
            let place = Int.random(in: 0..<places, using: &generator)
            shares[place] = Int.random(in: 0..<4, using: &generator) == 0 ? nil : randomShare(columns, &generator)
            tree.set(place, shares[place])
            func fromScratch(_ shares: [GroupShare?]) -> ShareTree {
                var fresh = ShareTree(columns, places: places)
                for (place, share) in shares.enumerated() { fresh.set(place, share) }
                return fresh
            }
            #expect(tree.total == fromScratch(shares).total)
            #expect(tree.count == shares.count { $0 != nil } && tree[place] == shares[place])
            var others = shares
            others[place] = nil
            #expect(tree.total(without: place) == fromScratch(others).total ?? .none(columns))
            for column in 0..<columns.count {
                let values = shares.compactMap { $0?.values[column] }
                let expected = column < columns.addedCount ? values.reduce(0, +) : values.max() ?? 0
                let value = tree.total?.values[column] ?? 0
                // Sums of counters are exact in any order.
                #expect(column < 2 ? value == expected : abs(value - expected) <= expected * 1e-12)
            }
        }
    }

    @Test(arguments: UInt64(1)...20)
    func samplesAreFoundInTheOrderOfTheirAge(_ seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let columns = GroupColumns(try Self.rule())
        var tree = ShareTree(columns, places: 17)
        var times: [Int: Instant] = [:]
        for place in 0..<17 {
            let time = Self.start + .seconds(Int.random(in: 0...100, using: &generator))
            times[place] = time
            tree.set(place, randomShare(columns, &generator), at: time)
        }
        let limit = Self.start + .seconds(50)
        var found: Set<Int> = []
        while let place = tree.place(before: limit) {
            #expect(found.insert(place).inserted)
            tree.set(place, nil)
        }
        #expect(found == Set(times.filter { $0.value < limit }.keys))
    }

    // MARK: Groups

    /// A group that sees every change has the same sums as one that sees only the result.
    @Test(arguments: UInt64(1)...30)
    func aGroupsHistoryDoesNotMatter(_ seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let rule = try Self.rule()
        let campaigns = Array(stride(from: 3, to: 30, by: 3))
        let staleAfter = Duration.seconds(60)
        var group = CampaignGroup(rule, 0, value: "pool_a", campaigns: campaigns)
        var members: [Int: CampaignGroup.Member] = [:]
        var now = Self.start
        for _ in 0..<300 {
            now = now + .seconds(Int.random(in: 0...20, using: &generator))
            let campaign = campaigns.randomElement(using: &generator) ?? 3
            func chance(_ share: Int) -> Bool { Int.random(in: 0..<10, using: &generator) < share }
            let member = CampaignGroup.Member(
                share: chance(9) ? randomShare(group.columns, &generator) : nil, sampledAt: now, isAwaited: chance(2),
                mayPauseFrom: chance(7) ? now + .seconds(chance(3) ? 30 : 0) : nil)
            members[campaign] = member
            group.note(campaign, member, at: now)
            for campaign in group.unmuted(at: now) {
                if let member = members[campaign] { group.note(campaign, member, at: now) }
            }
            group.sum(staleAfter: staleAfter, at: now)

            var fresh = CampaignGroup(rule, 0, value: "pool_a", campaigns: campaigns)
            for (campaign, member) in members { fresh.note(campaign, member, at: now) }
            fresh.sum(staleAfter: staleAfter, at: now)
            #expect(group.label == fresh.label && group.lackingCampaigns == fresh.lackingCampaigns)
            #expect(group.runningCampaigns == fresh.runningCampaigns)
            #expect(group.evaluate(wallTime: now) == fresh.evaluate(wallTime: now))
            #expect(group.offenders(wallTime: now) == fresh.offenders(wallTime: now))
        }
    }
}
