import Foundation
import Model
import Policy
import Testing

@testable import Guard

/// The start limit, the circuit breaker, and the limits of resumes.
@Suite struct LimitTests {
    static let start = Instant(milliseconds: 1_796_000_000_000)

    private func at(_ seconds: Int) -> Instant { Self.start + .seconds(seconds) }
    private func campaign(_ number: Int) -> CampaignID { CampaignID(unchecked: "camp_\(number)") }

    // MARK: Start limit

    @Test func startsBeyondTheLimitWaitForThePeriod() throws {
        let policy = try GuardBench.policy("start_limit: {share: 50%, per: 10m}\n", campaigns: 4)
        var limit = StartLimiter()
        #expect(limit.earliestStart(of: campaign(1), policy, at: at(0)) == nil)
        limit.note(campaign(1), at: at(0))
        #expect(limit.earliestStart(of: campaign(2), policy, at: at(60)) == nil)
        limit.note(campaign(2), at: at(60))
        #expect(limit.earliestStart(of: campaign(3), policy, at: at(70)) == at(600) + .milliseconds(1))
        #expect(
            limit.earliestStart(of: campaign(1), policy, at: at(70)) == nil, "a start that is sent again counts once")
        limit.note(campaign(1), at: at(300))
        #expect(limit.earliestStart(of: campaign(3), policy, at: at(599)) == at(600) + .milliseconds(1))
        #expect(limit.earliestStart(of: campaign(3), policy, at: at(600)) == nil, "the first is over")
    }

    @Test func oneCampaignMayAlwaysStart() throws {
        let policy = try GuardBench.policy("start_limit: {share: 1%, per: 10m}\n", campaigns: 3)
        var limit = StartLimiter()
        #expect(limit.earliestStart(of: campaign(1), policy, at: at(0)) == nil)
        limit.note(campaign(1), at: at(0))
        #expect(limit.earliestStart(of: campaign(2), policy, at: at(0)) != nil)
    }

    @Test func theLimitIsReportedOnceEachTimeItIsReached() throws {
        let policy = try GuardBench.policy("start_limit: {share: 1%, per: 10m}\n", campaigns: 3)
        var limit = StartLimiter()
        limit.note(campaign(1), at: at(0))
        #expect(limit.earliestStart(of: campaign(2), policy, at: at(0)) != nil)
        #expect(Transcript.words(limit.report(policy)) == ["start limit: 1 of 3"])
        #expect(limit.report(policy).isEmpty)
        limit = try JSONDecoder().decode(StartLimiter.self, from: JSONEncoder().encode(limit))
        #expect(limit.report(policy).isEmpty, "also after a restart")
        #expect(limit.earliestStart(of: campaign(2), policy, at: at(600)) == nil)
        #expect(Transcript.words(limit.report(policy)) == ["start limit: 0 of 3"])
    }

    @Test func aStartInTheFutureIsClamped() throws {
        let policy = try GuardBench.policy("start_limit: {share: 1%, per: 10m}\n", campaigns: 3)
        var limit = StartLimiter()
        limit.note(campaign(1), at: at(86400))
        limit.clamp(to: at(0))
        #expect(limit.earliestStart(of: campaign(2), policy, at: at(0)) == at(600) + .milliseconds(1))
    }

    // MARK: Circuit breaker

    @Test func itTripsIfMoreThanHalfBreach() throws {
        for (pauses, stops) in [("continue", false), ("stop", true)] {
            let policy = try GuardBench.policy("circuit_breaker: {pauses: \(pauses), per: 10m}\n")
            let tripped = ["breaker: 4 of 7" + (stops ? ", stops" : "")]
            let cases: [(breaching: Int, running: Int, words: [String], stops: Bool)] = [
                (5, 5, [], false), (3, 6, [], false), (4, 7, tripped, stops), (4, 7, [], stops), (7, 7, [], stops),
                (3, 7, [], false), (4, 7, tripped, stops),
            ]
            var breaker = CircuitBreaker()
            for (index, step) in cases.enumerated() {
                breaker = try JSONDecoder().decode(CircuitBreaker.self, from: JSONEncoder().encode(breaker))
                let verdict = breaker.check(breaching: step.breaching, running: step.running, policy)
                #expect(
                    Transcript.words(verdict.effects) == step.words && verdict.stopsPauses == step.stops, "\(index)")
            }
        }
    }

    // MARK: Resume policy

    private func rule(_ resume: String) throws -> Rule {
        try GuardBench.policy(
            "rules:\n  - {name: bounces, when: bounceRate > 5%, then: pause, resume: \(resume)}\n"
        ).rules[0]
    }

    @Test func aRelapseWithinADayDoublesTheCooldownUpToAWeek() throws {
        let rule = try rule("{after: 10h}")
        var resumes = ResumePolicy()
        var waits: [Double] = []
        var now = at(0)
        for _ in 0..<7 {
            guard let due = resumes.paused(by: rule, at: now) else { return #expect(Bool(false)) }
            waits.append((due - now).seconds / 3600)
            resumes.resumed(by: rule, from: CampaignStats(), at: due)
            now = due + .seconds(86399)
        }
        #expect(waits == [10, 20, 40, 80, 160, 168, 168] && resumes.relapses == 6)
        #expect(resumes.paused(by: rule, at: now + .seconds(1)) == now + .seconds(1) + .seconds(168 * 3600))
        #expect(resumes.relapses == 6, "a day later it is no relapse")
    }

    @Test func aCooldownLongerThanAWeekIsNotShortened() throws {
        let rule = try rule("{after: 10d}")
        var resumes = ResumePolicy()
        #expect(resumes.paused(by: rule, at: at(0)) == at(10 * 86400))
    }

    @Test func onlyAPauseByTheSameRuleIsARelapse() throws {
        let rule = try rule("{after: 1h, probation: {sends: 50, when: bounceRate > 2%}}")
        var other = rule
        other.name = "other"
        var resumes = ResumePolicy()
        resumes.resumed(by: rule, from: CampaignStats(), at: at(0))
        #expect(resumes.isOnProbation && resumes.baseline(of: "bounces") != nil && resumes.baseline(of: "other") == nil)
        _ = resumes.paused(by: other, at: at(60))
        #expect(resumes.relapses == 0 && !resumes.isOnProbation, "its probation ends with any pause")
        _ = resumes.paused(by: rule, at: at(120))
        #expect(resumes.relapses == 0, "it was no longer on probation")
        resumes.resumed(by: rule, from: CampaignStats(), at: at(180))
        _ = resumes.paused(by: rule, at: at(180 + 10 * 86400))
        #expect(resumes.relapses == 1, "a probation lasts until it is passed")
    }

    @Test func aProbationIsPassedAfterEnoughResolvedEmails() throws {
        let rule = try rule("{after: 1h, probation: {sends: 50, when: bounceRate > 2%}}")
        let probation = try #require(rule.resume?.probation)
        let cases: [(Truth, Int?, Bool)] = [
            (.no, 49, false), (.no, nil, false), (.unknown, 50, false), (.yes, 50, false), (.no, 50, true),
        ]
        for (truth, resolved, passes) in cases {
            var resumes = ResumePolicy()
            resumes.resumed(by: rule, from: CampaignStats(), at: at(0))
            _ = resumes.paused(by: rule, at: at(1))
            resumes.resumed(by: rule, from: CampaignStats(), at: at(2))
            #expect(resumes.passesProbation(truth, resolved: resolved, probation) == passes)
            #expect(resumes.isOnProbation == !passes && resumes.relapses == (passes ? 0 : 1))
        }
    }

    @Test func resumesAreExhaustedWithinTheirPeriod() throws {
        let rule = try rule("{after: 1h, at_most: 2 per 7d}")
        let resume = try #require(rule.resume)
        var resumes = ResumePolicy()
        resumes.resumed(by: rule, from: CampaignStats(), at: at(0))
        #expect(!resumes.isExhausted(resume, at: at(1)))
        resumes.resumed(by: rule, from: CampaignStats(), at: at(3600))
        #expect(resumes.isExhausted(resume, at: at(3600)) && resumes.paused(by: rule, at: at(3600)) == nil)
        #expect(resumes.isExhausted(resume, at: at(7 * 86400 - 1)) && !resumes.isExhausted(resume, at: at(7 * 86400)))
        #expect(try !resumes.isExhausted(#require(self.rule("{after: 1h}").resume), at: at(3600)), "no limit")
    }

    @Test func restartedCountersCountFromZero() throws {
        let rule = try rule("{after: 1h, probation: {sends: 50, when: bounceRate > 2%}}")
        var resumes = ResumePolicy()
        resumes.countFromZero()
        #expect(resumes.baseline == nil)
        resumes.resumed(by: rule, from: CampaignStats(sent: 100), at: at(0))
        resumes.countFromZero()
        #expect(resumes.baseline?.stats.sent == 0 && resumes.isOnProbation)
        resumes.count(from: CampaignStats(sent: 7), rule, at: at(1))
        #expect(resumes.baseline?.stats.sent == 7 && !resumes.isOnProbation && resumes.resumes.count == 1)
        #expect(resumes.paused(by: try self.rule("{after: 1h}"), at: at(2)) != nil)
    }
}
