import Model
import Policy

/// The context in which a campaign is evaluated, beyond its own state.
struct CampaignContext {
    let book: RuleBook
    let pools: PoolDirectory
    /// The skew of the workspace's platform.
    var skew = StampSkew()
    /// Decisions cannot be stored, so nothing may be started.
    var isLedgerFailing = false
    /// The longest gap between samples that counts towards a rule's `for`; nil for the policy's `max_gap`.
    var maxGap: Duration?
    /// False if nobody reads reports of missing data, which cost more than a sample.
    var watchesData = true
    /// How far the wall clock is ahead of `now`.
    var wallClockOffset: Duration = .zero
    /// The quiet hours in which it is evaluated; nil outside of them.
    var quiet: QuietSpell?
    /// The sums of the campaign's groups.
    var groups: [GroupSums] = []
    var now: Instant

    var wallTime: Instant { now + wallClockOffset }

    var policy: CheckedPolicy { _read { yield book.policy } }
}
