/// Every kind of journal entry, by its public name.
///
/// Log scrapers match on these names, so a case is added at times, but never renamed or removed.
package enum EventKind: String, CaseIterable, Sendable {
    /// The daemon started: the policy is loaded, and nothing has been polled yet.
    case daemonStarted = "daemon.started"
    /// The first round of polls is complete, has clearly failed, or takes longer than 30 s.
    case daemonReady = "daemon.ready"
    /// The daemon was asked to stop: campaigns stay as they are, and nothing watches them.
    case daemonStopping = "daemon.stopping"
    /// A policy was read and checked, and is now in use.
    case policyLoaded = "policy.loaded"
    /// A policy was refused; the policy in use stays in use.
    case policyRefused = "policy.refused"
    /// A rule's condition holds, but not yet for as long as its `for` asks.
    case rulePending = "rule.pending"
    /// A rule's condition has held for its `for`.
    case ruleFiring = "rule.firing"
    /// A rule is no longer pending or firing: its condition does not hold, the policy changed, or it restarts after a
    /// resume.
    case ruleCleared = "rule.cleared"
    /// A rule or a probation has had no data on a campaign, a group or a pool for `stale_after`, so it cannot act.
    case ruleNoData = "rule.no_data"
    /// A rule reported as `rule.no_data` has its data again.
    case ruleDataRestored = "rule.data_restored"
    /// Sendwarden paused a campaign, or would have in observe mode.
    case campaignPaused = "campaign.paused"
    /// A pause failed or has had no effect so far; the message reports whether it is sent again.
    case campaignPauseFailed = "campaign.pause_failed"
    /// A pause failed or had no effect, and is no longer justified; it is not sent again.
    case campaignPauseAbandoned = "campaign.pause_abandoned"
    /// The platform confirmed the pause at least three times, but the campaign is still sending.
    case campaignPauseIneffective = "campaign.pause_ineffective"
    /// A campaign that Sendwarden meant to pause was already paused or has never run.
    case campaignAlreadyPaused = "campaign.already_paused"
    /// Sendwarden resumed a campaign, after its cooldown or because a person ordered it.
    case campaignResumed = "campaign.resumed"
    /// A campaign could not be resumed; it stays paused.
    case campaignResumeFailed = "campaign.resume_failed"
    /// Someone restarted a campaign that Sendwarden had paused.
    case campaignOverride = "campaign.override"
    /// A resumed campaign passed its probation.
    case campaignProbationPassed = "campaign.probation_passed"
    /// A resumed campaign breached the condition of its probation.
    case campaignRelapsed = "campaign.relapsed"
    /// The platform does not know a campaign that the policy names.
    case campaignMissing = "campaign.missing"
    /// A campaign has no fresh stats; its rules are not evaluated.
    case campaignStale = "campaign.stale"
    /// Stats for a stale or missing campaign arrive again.
    case campaignFresh = "campaign.fresh"
    /// Many responses about a campaign are unusable; its rules are evaluated on the usable ones.
    case campaignDegraded = "campaign.degraded"
    /// Responses about a degraded campaign are usable again.
    case campaignSteady = "campaign.steady"
    /// A running campaign has sent nothing for a day although emails are queued.
    case campaignStandstill = "campaign.standstill"
    /// A launch waits for its time and its launch rules.
    case launchQueued = "launch.queued"
    /// A launch is held by a launch rule, a limit, a person, quiet hours or missing data.
    case launchHeld = "launch.held"
    /// Sendwarden started a launch, or would have in observe mode.
    case launchReleased = "launch.released"
    /// A launch could not be started.
    case launchFailed = "launch.failed"
    /// A launch is larger than its pool can ever send in one window.
    case launchCannotFit = "launch.cannot_fit"
    /// Someone else started a campaign whose launch was held or not yet released.
    case launchUnapproved = "launch.unapproved"
    /// The campaign of a launch was started before the first poll, so there is nothing to launch.
    case launchAlreadyStarted = "launch.already_started"
    /// A launch was not released before its `expires`, and is dropped.
    case launchExpired = "launch.expired"
    /// A launch could not be evaluated for `stale_after`; later launches no longer wait for it.
    case launchSkipped = "launch.skipped"
    /// A pool has no volume left in its window.
    case poolExhausted = "pool.exhausted"
    /// An exhausted pool has volume again.
    case poolRenewed = "pool.renewed"
    /// The platform does not report a pool that the policy names.
    case poolMissing = "pool.missing"
    /// Several pools of the platform match one pool of the policy.
    case poolAmbiguous = "pool.ambiguous"
    /// The figures of a pool contradict each other; its volume is unknown.
    case poolInconsistent = "pool.inconsistent"
    /// The figures of an inconsistent pool agree again.
    case poolConsistent = "pool.consistent"
    /// Sendwarden removed a sender from a pool, or would have in observe mode.
    case senderRemoved = "sender.removed"
    /// A sender could not be removed from a pool, or its removal takes long.
    case senderRemoveFailed = "sender.remove_failed"
    /// A sender that Sendwarden meant to remove is gone; as someone else may have removed it, no rule restores it.
    case senderAlreadyRemoved = "sender.already_removed"
    /// Sendwarden restored a sender that it had removed, or would have in observe mode.
    case senderRestored = "sender.restored"
    /// A sender could not be restored to a pool, or its restoration takes long.
    case senderRestoreFailed = "sender.restore_failed"
    /// Someone restored a sender that Sendwarden had removed.
    case senderOverride = "sender.override"
    /// A rule would remove a sender, but too few senders would be left.
    case senderKept = "sender.kept"
    /// Requests to the platform get no response, or a server error.
    case apiUnreachable = "api.unreachable"
    /// The platform rejects the API key.
    case apiUnauthorized = "api.unauthorized"
    /// The platform limits the request rate, or requests wait because it did.
    case apiThrottled = "api.throttled"
    /// The platform sends responses that its documentation does not allow.
    case apiUnexpected = "api.unexpected"
    /// The platform's API is healthy again.
    case apiRecovered = "api.recovered"
    /// A campaign's counters fell, so they were restarted.
    case statsReset = "stats.reset"
    /// A campaign's counters are back at their old values, so they had not been restarted.
    case statsRestored = "stats.restored"
    /// The start limit is reached, or more than half of the running campaigns breach at once.
    case beltTripped = "belt.tripped"
    /// The ledger cannot be written.
    case ledgerFailed = "ledger.failed"
    /// The ledger can be written again.
    case ledgerRecovered = "ledger.recovered"
    /// The control socket or the metrics port cannot be opened, or the socket was deleted or replaced.
    case controlFailed = "control.failed"
    /// Log entries were dropped because the log reader did not take them.
    case journalDropped = "journal.dropped"
    /// A receiver has accepted no notification for five minutes; they wait, and other receivers are not affected.
    case notifyFailed = "notify.failed"
    /// A failed receiver accepts notifications again.
    case notifyRecovered = "notify.recovered"
    /// Notifications were dropped: too many were waiting, they were too old, or the receiver refused them.
    case notifyDropped = "notify.dropped"
    /// The list of watched campaigns changed, because the policy or one of its files lists other campaigns than before.
    case watchChanged = "watch.changed"
    /// The campaign files list nothing at the start; the campaigns that they listed before stay watched.
    case watchRecalled = "watch.recalled"
    /// A campaign that a person added with `watch` does not fit the policy, so it is not watched.
    case watchRefused = "watch.refused"
    /// A person planned a maintenance window: a mute of rules, for a time, on all campaigns with some labels.
    case mutePlanned = "mute.planned"
    /// A maintenance window begins: its rules report breaches but do not pause.
    case muteBegun = "mute.begun"
    /// A maintenance window is over: its rules pause again.
    case muteEnded = "mute.ended"
    /// A person cancelled a maintenance window.
    case muteCancelled = "mute.cancelled"
    /// A person's order was accepted.
    case orderAccepted = "order.accepted"
    /// A person's order was refused.
    case orderRefused = "order.refused"
}

extension EventKind {
    /// The entry's key in the journal's catalog: one UUID for each kind, which never changes.
    package var messageID: String {
        switch self {
        case .daemonStarted: "d1df4ac5bd8b47b29de3d3f0ee00ae88"
        case .daemonReady: "6e586c8a13d94201bf6d90dbf003039a"
        case .daemonStopping: "37fa8f8203c6429394f8bf15cbb83771"
        case .policyLoaded: "14aa6cd8534440df844d3242ae2ca842"
        case .policyRefused: "78f4acf60237466981056fe6c0e13b51"
        case .rulePending: "5aaf4e6eada14704be53ef6303de93ad"
        case .ruleFiring: "a9356165cf3341bf86034e3913070f91"
        case .ruleCleared: "91aa9e60845040b186e9531c9a0452ea"
        case .ruleNoData: "a186427292fc43aca8435fa6d051d26a"
        case .ruleDataRestored: "cf800ba8d4644f7fbb5ad43770af79eb"
        case .campaignPaused: "dcef779b5e6d4e7aae55be5a1663bb96"
        case .campaignPauseFailed: "8aa936d0279340879a48a5aaeeb085c4"
        case .campaignPauseAbandoned: "db149e4714be49abb93fe42eabd2d9f2"
        case .campaignPauseIneffective: "9fb93534081c4253b1e273a87984a8ab"
        case .campaignAlreadyPaused: "b38773e8c53149bab1c8acb34b862602"
        case .campaignResumed: "da241933d73a4168b513927abcf4cc51"
        case .campaignResumeFailed: "aec813aa66d045a1a24e18575e2be7b6"
        case .campaignOverride: "0fe012fc84244feb82e36fd8b4a45594"
        case .campaignProbationPassed: "23c6d6d5875d4267b89169c3d1c8f95b"
        case .campaignRelapsed: "5f0ae7927c3d488591c2633629f474c3"
        case .campaignMissing: "e2c3041007304cc5884b017cbc622d40"
        case .campaignStale: "7328c4cc433d4fd0ab5b55255f189b99"
        case .campaignFresh: "867539534eaf4f398a472291f2f7d0cc"
        case .campaignDegraded: "3994693ea3ae4e689323451b4a95902a"
        case .campaignSteady: "1aa615a94b6a4551a061ae14a1dbf721"
        case .campaignStandstill: "3b0b6d2f6f9d4c1a9a0e5d7b8c2f4e16"
        case .launchQueued: "6cbef4d129ae4882b5add04fe960362d"
        case .launchHeld: "992ad300e53c496aa21b3894d5257a35"
        case .launchReleased: "7ed6dd73f71e473f81530cc61d7ff512"
        case .launchFailed: "bc87df5b366e491496f1005e98ce56f9"
        case .launchCannotFit: "c744c837cd2a4a77bf4a9e4a426622fd"
        case .launchUnapproved: "d410191c183e48b1964def39a9eb44a2"
        case .launchAlreadyStarted: "c1f7d1b7c8c94c07a6a3f58c1d8fd0a9"
        case .launchExpired: "bb58bc8f09fd4a46ab917fb149653c56"
        case .launchSkipped: "8b3a15353f134b709856c32a687b253b"
        case .poolExhausted: "a8b4e9be54f34cad9ed3e3b786e80d0d"
        case .poolRenewed: "95cbc42ec19e4d0f93ae5dab7c715de1"
        case .poolMissing: "dcdd0008ec7f42d6944619fc4060114f"
        case .poolAmbiguous: "272a12c8866e4589a58bae5c72f601ec"
        case .poolInconsistent: "a7213dfe89324293a0dd5386c9cf0800"
        case .poolConsistent: "67d1191fda8040bd919e9bc7f4a02d92"
        case .senderRemoved: "ecdbe657b1f6431996e968618ad7bc5b"
        case .senderRemoveFailed: "12beb5f2aee14b04bcc6c32501d77e2c"
        case .senderAlreadyRemoved: "47862e1d43574ee191320b0e83db7efb"
        case .senderRestored: "158fda35efe84bc38844b1b3ca6c8709"
        case .senderRestoreFailed: "a0bd8ae952e3456a835ef8a9dc2c7fde"
        case .senderOverride: "1155b1070272479795f1498ba43b2191"
        case .senderKept: "fc9d7fcd80fb49f49712465888584e0f"
        case .apiUnreachable: "801dedce678c4586aa10f78d76db9873"
        case .apiUnauthorized: "62eb60decfaa4ecc9a9cd233c36e29af"
        case .apiThrottled: "0b1d2f447ad74784a1d3d71261fd27d6"
        case .apiUnexpected: "398f472cdf4a4a658111fca89b5b923e"
        case .apiRecovered: "129d7dcec57942f6bbc60868ee1dc9a8"
        case .statsReset: "8999e80f55634a198ba1df8ef9e5ac4a"
        case .statsRestored: "5f0c3b1d4f6e4a0f9e1c8d7a2b6394e1"
        case .beltTripped: "332315c992ea4109834bdd0a850987cd"
        case .ledgerFailed: "305b69159657432d930d969ade4e9b4f"
        case .ledgerRecovered: "4d6766c9512a41aeb75291853c8a0b12"
        case .controlFailed: "5be15478a6e3455da5841bb113ca5df9"
        case .journalDropped: "fd95588c5e4e410bb14cf51964cd1715"
        case .notifyFailed: "7c1e1f0b6a0d4c55a1f3a2d94b8e6f21"
        case .notifyRecovered: "b0d2a7f4c9e84d3c8f6b15e07a92cd38"
        case .notifyDropped: "e4f85c3296d14b0f9d7a60c1b83e5a47"
        case .watchChanged: "3098305c338140289c2df2e059cd3413"
        case .watchRecalled: "7b5e0c94d81f4a3db26a9f03c4e7185d"
        case .watchRefused: "0356953634e147cca6cf450122feac84"
        case .mutePlanned: "4f0f8a3a0d3b4b0c8a3c5a1f2d7be961"
        case .muteBegun: "c38e1d5b6f8a4d2d9f47b06a7e53c814"
        case .muteEnded: "a61b7c90e2f54d33b8e1450f9c6d2a7b"
        case .muteCancelled: "0e94d6b2c7a84f1c95f83b2a6d1e7c50"
        case .orderAccepted: "b962784919ee4ddc82fa0475445eae1a"
        case .orderRefused: "fb1ea26e31454db89ca5c7e4751e2380"
        }
    }

    /// The default priority; an event that follows from a rule takes the rule's severity instead.
    package var priority: Priority {
        switch self {
        case .campaignPauseFailed, .launchCannotFit, .launchUnapproved, .apiUnauthorized, .beltTripped, .ledgerFailed,
            .campaignPauseIneffective, .watchRecalled:
            .critical
        case .policyRefused, .campaignResumeFailed, .campaignMissing, .campaignStale, .launchFailed, .poolMissing,
            .poolAmbiguous, .senderRemoveFailed, .senderRestoreFailed,
            .apiUnreachable, .apiUnexpected, .controlFailed, .poolInconsistent, .watchRefused,
            .notifyFailed:
            .error
        case .ruleFiring, .campaignPaused, .campaignOverride, .campaignRelapsed, .launchHeld, .launchExpired,
            .poolExhausted, .senderRemoved, .senderAlreadyRemoved, .senderOverride, .senderKept, .apiThrottled,
            .campaignDegraded, .launchSkipped, .journalDropped, .ruleNoData,
            .notifyDropped:
            .warning
        case .campaignAlreadyPaused, .campaignResumed, .campaignProbationPassed, .campaignFresh, .campaignStandstill,
            .launchReleased, .launchAlreadyStarted, .senderRestored,
            .apiRecovered, .statsReset, .statsRestored, .ledgerRecovered, .orderAccepted, .orderRefused,
            .campaignPauseAbandoned, .campaignSteady, .poolConsistent, .ruleDataRestored,
            .notifyRecovered, .mutePlanned, .muteBegun, .muteEnded, .muteCancelled:
            .notice
        case .daemonStarted, .daemonReady, .daemonStopping, .policyLoaded, .rulePending, .ruleCleared, .launchQueued,
            .poolRenewed, .watchChanged:
            .info
        }
    }
}
