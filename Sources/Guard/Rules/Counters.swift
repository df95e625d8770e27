import Model
import Policy

/// The cumulative counters of one sample; NaN where the answer did not say.
struct Counters: Hashable, Sendable {
    var totalEnrolled: Double
    var sent: Double
    var delivered: Double
    var bounced: Double
    var replied: Double

    init(_ stats: CampaignStats) {
        func value(_ count: Int?) -> Double { count.map(Double.init) ?? .nan }
        totalEnrolled = value(stats.totalEnrolled)
        sent = value(stats.sent)
        delivered = value(stats.delivered)
        bounced = value(stats.bounced)
        replied = value(stats.replied)
    }

    subscript(counter: Counter) -> Double {
        switch counter {
        case .totalEnrolled: totalEnrolled
        case .sent: sent
        case .delivered: delivered
        case .bounced: bounced
        case .replied: replied
        case .resolved: delivered + bounced
        }
    }

    /// Adds the other's counters where both are known.
    mutating func add(_ other: Counters) {
        totalEnrolled += other.totalEnrolled
        sent += other.sent
        delivered += other.delivered
        bounced += other.bounced
        replied += other.replied
    }

    /// Takes the other's counters off where both are known.
    mutating func subtract(_ other: Counters) {
        totalEnrolled -= other.totalEnrolled
        sent -= other.sent
        delivered -= other.delivered
        bounced -= other.bounced
        replied -= other.replied
    }

    /// Adds to one counter; resolved emails are the sum of two.
    mutating func add(_ amount: Double, to counter: Counter) {
        switch counter {
        case .totalEnrolled: totalEnrolled += amount
        case .sent: sent += amount
        case .delivered: delivered += amount
        case .bounced: bounced += amount
        case .replied: replied += amount
        case .resolved: break
        }
    }

    /// True where these show that the platform's counters restarted since the others.
    ///
    /// They did if `sent` (or where that is unknown, the resolved emails) fell below half of what it was. A smaller
    /// fall is a correction, or an answer from a replica that lags: the reported values are taken as they are.
    func restarted(since before: Counters) -> Bool {
        let (old, new) = sent.isNaN || before.sent.isNaN ? (before[.resolved], self[.resolved]) : (before.sent, sent)
        return new < old / 2
    }

    static let unknown = Counters(CampaignStats())

    /// Replaces what is unknown here by what the other knows.
    mutating func fill(from other: Counters) {
        if totalEnrolled.isNaN { totalEnrolled = other.totalEnrolled }
        if sent.isNaN { sent = other.sent }
        if delivered.isNaN { delivered = other.delivered }
        if bounced.isNaN { bounced = other.bounced }
        if replied.isNaN { replied = other.replied }
    }

    /// How much a counter grew since the others; nil where either does not say.
    func growth(of counter: Counter, since before: Counters) -> Double? {
        let growth = self[counter] - before[counter]
        return growth.isNaN ? nil : max(0, growth)
    }

    /// Emails sent since the others, also where the counters restarted; nil where either does not say.
    func sends(since before: Counters) -> Double? {
        growth(of: .sent, since: restarted(since: before) ? Counters.zero : before)
    }

    /// What was counted since the others, as ``CampaignStats/counted(from:)`` has it: enrollment stays as it is.
    func counted(from before: Counters) -> Counters {
        // What is unknown stays so: no comparison with NaN holds.
        func since(_ after: Double, _ before: Double) -> Double { after < before ? 0 : after - before }
        var counters = self
        counters.sent = since(sent, before.sent)
        counters.delivered = since(delivered, before.delivered)
        counters.bounced = since(bounced, before.bounced)
        counters.replied = since(replied, before.replied)
        return counters
    }

    static let zero = Counters(CampaignStats(totalEnrolled: 0, sent: 0, delivered: 0, bounced: 0, replied: 0))
}

extension Counters {
    /// What was counted since a rule was armed; nil where a counter is unknown.
    func evidence(for test: SequentialTest, since armed: Counters) -> (hits: Double, trials: Double)? {
        evidence(test.hits, of: test.trials, since: armed)
    }

    func evidence(_ hits: Counter, of trials: Counter, since armed: Counters) -> (hits: Double, trials: Double)? {
        guard let hits = growth(of: hits, since: armed), let trials = growth(of: trials, since: armed) else {
            return nil
        }
        // A platform that corrects a counter downwards must not make a part larger than its whole.
        return (min(hits, trials), trials)
    }
}
