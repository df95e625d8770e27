import Model
import Policy

/// The cumulative counters of one sample; NaN if the response did not contain the counter.
struct Counters: Hashable, Sendable {
    var totalEnrolled: Double
    var sent: Double
    var delivered: Double
    var bounced: Double
    var replied: Double
    var hardBounced: Double
    var softBounced: Double
    var complained: Double
    var unsubscribed: Double
    var deferred: Double

    init(_ stats: CampaignStats) {
        func value(_ count: Int?) -> Double { count.map(Double.init) ?? .nan }
        totalEnrolled = value(stats.totalEnrolled)
        sent = value(stats.sent)
        delivered = value(stats.delivered)
        bounced = value(stats.bounced)
        replied = value(stats.replied)
        hardBounced = value(stats.hardBounced)
        softBounced = value(stats.softBounced)
        complained = value(stats.complained)
        unsubscribed = value(stats.unsubscribed)
        deferred = value(stats.deferred)
    }

    subscript(counter: Counter) -> Double {
        switch counter {
        case .totalEnrolled: totalEnrolled
        case .sent: sent
        case .delivered: delivered
        case .bounced: bounced
        case .replied: replied
        case .hardBounced: hardBounced
        case .softBounced: softBounced
        case .complained: complained
        case .unsubscribed: unsubscribed
        case .deferred: deferred
        case .resolved: delivered + bounced
        }
    }

    /// The ratio; NaN without trials.
    subscript(rate: Rate) -> Double {
        let trials = self[rate.trials]
        return trials > 0 ? self[rate.hits] / trials : .nan
    }

    /// Adds the other counters; the sum is unknown if either is.
    mutating func add(_ other: Counters) {
        totalEnrolled += other.totalEnrolled
        sent += other.sent
        delivered += other.delivered
        bounced += other.bounced
        replied += other.replied
        hardBounced += other.hardBounced
        softBounced += other.softBounced
        complained += other.complained
        unsubscribed += other.unsubscribed
        deferred += other.deferred
    }

    /// Subtracts the other counters; the difference is unknown if either is.
    mutating func subtract(_ other: Counters) {
        totalEnrolled -= other.totalEnrolled
        sent -= other.sent
        delivered -= other.delivered
        bounced -= other.bounced
        replied -= other.replied
        hardBounced -= other.hardBounced
        softBounced -= other.softBounced
        complained -= other.complained
        unsubscribed -= other.unsubscribed
        deferred -= other.deferred
    }

    /// Adds to one counter; `resolved` is derived from two others and ignored.
    mutating func add(_ amount: Double, to counter: Counter) {
        switch counter {
        case .totalEnrolled: totalEnrolled += amount
        case .sent: sent += amount
        case .delivered: delivered += amount
        case .bounced: bounced += amount
        case .replied: replied += amount
        case .hardBounced: hardBounced += amount
        case .softBounced: softBounced += amount
        case .complained: complained += amount
        case .unsubscribed: unsubscribed += amount
        case .deferred: deferred += amount
        case .resolved: break
        }
    }

    /// True if the platform's counters restarted after `before`.
    ///
    /// They did if `sent` fell below half of its earlier value, or the resolved emails if `sent` is unknown. A smaller
    /// fall is a correction or a response of a lagging replica, and is taken as reported.
    func restarted(since before: Counters) -> Bool {
        let (old, new) = sent.isNaN || before.sent.isNaN ? (before[.resolved], self[.resolved]) : (before.sent, sent)
        return new < old / 2
    }

    /// True if no counter that both know is below the other's, and they know one in common.
    func reaches(_ other: Counters) -> Bool {
        let pairs = [
            (sent, other.sent), (delivered, other.delivered), (bounced, other.bounced), (replied, other.replied),
        ].filter { !$0.isNaN && !$1.isNaN }
        return !pairs.isEmpty && pairs.allSatisfy { $0 >= $1 }
    }

    static let unknown = Counters(CampaignStats())

    /// Replaces unknown counters with the other's.
    mutating func fill(from other: Counters) {
        if totalEnrolled.isNaN { totalEnrolled = other.totalEnrolled }
        if sent.isNaN { sent = other.sent }
        if delivered.isNaN { delivered = other.delivered }
        if bounced.isNaN { bounced = other.bounced }
        if replied.isNaN { replied = other.replied }
        if hardBounced.isNaN { hardBounced = other.hardBounced }
        if softBounced.isNaN { softBounced = other.softBounced }
        if complained.isNaN { complained = other.complained }
        if unsubscribed.isNaN { unsubscribed = other.unsubscribed }
        if deferred.isNaN { deferred = other.deferred }
    }

    /// The growth of a counter since `before`, at least 0; nil if either is unknown.
    func growth(of counter: Counter, since before: Counters) -> Double? {
        let growth = self[counter] - before[counter]
        return growth.isNaN ? nil : max(0, growth)
    }

    /// Emails sent since `before`, across a restart of the counters; nil if either is unknown.
    func sends(since before: Counters) -> Double? {
        growth(of: .sent, since: restarted(since: before) ? Counters.zero : before)
    }

    /// The counts since `before`, as in ``CampaignStats/counted(from:)``; enrollment stays absolute.
    func counted(from before: Counters) -> Counters {
        // Unknown values stay unknown, because every comparison with NaN is false.
        func since(_ after: Double, _ before: Double) -> Double { after < before ? 0 : after - before }
        var counters = self
        counters.sent = since(sent, before.sent)
        counters.delivered = since(delivered, before.delivered)
        counters.bounced = since(bounced, before.bounced)
        counters.replied = since(replied, before.replied)
        counters.hardBounced = since(hardBounced, before.hardBounced)
        counters.softBounced = since(softBounced, before.softBounced)
        counters.complained = since(complained, before.complained)
        counters.unsubscribed = since(unsubscribed, before.unsubscribed)
        counters.deferred = since(deferred, before.deferred)
        return counters
    }

    static let zero = Counters(CampaignStats.zeroCounters)
}

extension Counters {
    /// The counts since the rule was armed; nil if a counter is unknown.
    func evidence(for test: SequentialTest, since armed: Counters) -> (hits: Double, trials: Double)? {
        evidence(test.hits, of: test.trials, since: armed)
    }

    func evidence(_ hits: Counter, of trials: Counter, since armed: Counters) -> (hits: Double, trials: Double)? {
        guard let hits = growth(of: hits, since: armed), let trials = growth(of: trials, since: armed) else {
            return nil
        }
        // A counter corrected downwards must not make a part larger than its whole.
        return (min(hits, trials), trials)
    }
}
