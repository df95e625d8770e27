import Guard
import Model
import Policy
import Rehearsal

/// The figures of a backtest.
struct BacktestReport: Encodable {
    struct Stop: Encodable {
        var rule: String
        var at: Instant
        var bounced: Int?
        var resolved: Int?
        var resumedAt: Instant?
        var avoidedSent: Int
        var avoidedBounced: Int
        var isRelapse: Bool

        private enum CodingKeys: String, CodingKey {
            case rule, at, bounced, resolved, resumedAt, isRelapse
            case avoidedSent = "sparedSent"
            case avoidedBounced = "sparedBounced"
        }
    }

    struct Course: Encodable {
        var campaign: String
        var label: String?
        var sent: Int
        var bounced: Int
        var pauses: [Stop]

        var avoidedSent: Int { pauses.reduce(0) { $0 + $1.avoidedSent } }
        var avoidedBounced: Int { pauses.reduce(0) { $0 + $1.avoidedBounced } }
    }

    struct RuleFirings: Encodable {
        var rule: String
        var action: String
        /// False if the rule needs data that recordings lack, or is a launch or pool rule.
        var isEvaluated: Bool
        var campaigns: Int
        var firings: Int
        var first: Instant?

        private enum CodingKeys: String, CodingKey {
            case rule, action, campaigns, firings, first
            case isEvaluated = "isJudged"
        }
    }

    struct Figures: Encodable {
        var policy: String
        var campaignsPaused: Int
        var pauses: Int
        /// Pauses of lists with the label good; nil without labels.
        var falsePauses: Int?
        /// Lists with the label bad that were never paused; nil without labels.
        var missed: Int?
        /// Seconds from a bad list's first sample to its first pause, the median; nil without labels.
        var medianSecondsToPause: Double?
        var bouncesNotAvoided: Int
        var bouncesAvoided: Int
        /// Emails that did not bounce and would not have been sent.
        var otherEmailsNotSent: Int
        var rules: [RuleFirings]
        var courses: [Course]

        private enum CodingKeys: String, CodingKey {
            case policy, campaignsPaused, pauses, falsePauses, missed, medianSecondsToPause, rules, courses
            case bouncesNotAvoided = "bouncesLetThrough"
            case bouncesAvoided = "bouncesSpared"
            case otherEmailsNotSent = "goodMailsHeldBack"
        }
    }

    var from: Instant?
    var until: Instant?
    var samples: Int
    var campaigns: Int
    var policies: [Figures]

    init(_ backtest: Backtest, _ policies: [CheckedPolicy], names: [String]) {
        (from, until, samples, campaigns) = (backtest.from, backtest.until, backtest.samples, backtest.names.count)
        self.policies = policies.indices.map { index in
            Figures(names[index], policies[index], backtest.courses(index), hasLabels: !backtest.labels.isEmpty)
        }
    }
}

extension BacktestReport.Figures {
    init(_ name: String, _ policy: CheckedPolicy, _ courses: [Backtest.Course], hasLabels: Bool) {
        self.policy = name
        let paused = courses.filter { !$0.stops.isEmpty }
        campaignsPaused = paused.count
        pauses = courses.reduce(0) { $0 + $1.stops.count }
        if hasLabels {
            falsePauses = paused.filter { $0.label == "good" }.reduce(0) { $0 + $1.stops.count }
            missed = courses.count { $0.label == "bad" && $0.stops.isEmpty }
            let times = paused.filter { $0.label == "bad" }.compactMap { course in
                course.stops.first.map { ($0.at - course.from).seconds }
            }.sorted()
            medianSecondsToPause = times.isEmpty ? nil : times[times.count / 2]
        }
        let stops = courses.flatMap(\.stops)
        let avoided = stops.reduce(0) { $0 + $1.avoidedBounced }
        bouncesAvoided = Int(avoided)
        bouncesNotAvoided = Int(courses.reduce(0) { $0 + $1.bounced } - avoided)
        otherEmailsNotSent = Int(stops.reduce(0) { $0 + max(0, $1.avoidedSent - $1.avoidedBounced) })
        rules = policy.rules.map { rule in
            let isEvaluated = rule.variants.contains { rule in
                rule.trigger == .running && rule.mode != .off && rule.condition.sources.isSubset(of: [.stats])
                    && !rule.condition.readsAge && !rule.condition.readsPlatformRates
            }
            let firings = courses.flatMap { course in course.firings.filter { $0.rule == rule.name && $0.count > 0 } }
            return BacktestReport.RuleFirings(
                rule: rule.name, action: rule.action.rawValue, isEvaluated: isEvaluated, campaigns: firings.count,
                firings: firings.reduce(0) { $0 + $1.count }, first: firings.compactMap(\.first).min())
        }
        self.courses = courses.map { course in
            BacktestReport.Course(
                campaign: course.campaign, label: course.label, sent: Int(course.sent), bounced: Int(course.bounced),
                pauses: course.stops.map { stop in
                    BacktestReport.Stop(
                        rule: stop.rule, at: stop.at, bounced: stop.bounced.isNaN ? nil : Int(stop.bounced),
                        resolved: stop.resolved.isNaN ? nil : Int(stop.resolved), resumedAt: stop.resumedAt,
                        avoidedSent: Int(stop.avoidedSent), avoidedBounced: Int(stop.avoidedBounced),
                        isRelapse: stop.isRelapse)
                })
        }
    }
}
