import Model
import Policy

/// What a campaign is evaluated against, besides what is known of itself.
struct CampaignContext {
    let book: RuleBook
    let pools: PoolDirectory
    /// Of the campaign's workspace.
    var skew = StampSkew()
    /// Decisions cannot be stored, so that nothing may be started.
    var isLedgerFailing = false
    /// The furthest two samples may lie apart for the time between them to count towards a rule's `for`; nil for the
    /// policy's.
    var maxGap: Duration?
    var now: Instant

    var policy: CheckedPolicy { _read { yield book.policy } }
}
