package import Model
package import Policy

/// What the guard wants done.
///
/// The order within one answer of ``Guard/handle(_:at:)`` is the order to do it in.
package enum Effect: Sendable {
    /// Poll the target and hand the result back as ``Event/polled(_:)``, always, a failure too.
    case poll(Target)
    /// Send the action once and hand what comes back as ``Event/answered(_:_:jitter:)``.
    ///
    /// A durable store writes the intent before the request leaves.
    case send(Intent)
    /// Send the change of a pool's members once and hand what comes back as ``Event/changed(_:_:)``.
    case change(SenderChange)
    /// Store this, before anything that follows is sent.
    case record(LedgerRecord)
    /// Answer the person who gave the order.
    case reply(Order, entry: CampaignEntry?, OrderOutcome)
    /// Report this to the journal.
    case report(GuardEvent)
    /// The first round of polls is complete, has clearly failed, or takes long: the service is up.
    case ready
}

/// An action that was decided on, from before it is sent until its answer is in.
package struct Intent: Hashable, Sendable, Codable {
    package enum Action: String, Sendable, Codable {
        case pause
        /// The first start of a draft.
        case start
        /// The start of what we had paused.
        case resume
    }

    package var action: Action
    package var campaign: CampaignID
    package var decision: Decision
    /// When the first attempt left: an effect of ours cannot be older.
    package var firstSentAt: Instant
    /// When this attempt left.
    package var sentAt: Instant
    /// 1 for the first attempt.
    package var attempt: Int

    init(action: Action, campaign: CampaignID, decision: Decision, firstSentAt: Instant, attempt: Int) {
        self.action = action
        self.campaign = campaign
        self.decision = decision
        self.firstSentAt = firstSentAt
        self.attempt = attempt
        sentAt = firstSentAt
    }
}

/// What the guard decided, and the evidence it had.
package struct Decision: Hashable, Sendable, Codable {
    package enum Cause: Hashable, Sendable, Codable {
        /// A rule fired.
        case rule(String)
        /// A resumed campaign breached the condition of its probation.
        case relapse(String)
        /// The cooldown after a pause of this rule is over.
        case cooldownOver(String)
        /// Every launch rule was known and false.
        case launchRulesPass
        /// The campaign began to send while its launch was held.
        case unapprovedLaunch
        /// A person ordered it.
        case order(Order)

        /// As ledgers store it.
        private enum CodingKeys: String, CodingKey {
            case rule, relapse
            case cooldownOver = "coolDownOver"
            case launchRulesPass, unapprovedLaunch, order
        }
    }

    /// Counts from 1; the ledger's key.
    package var id: Int
    package var at: Instant
    package var campaign: CampaignID
    package var cause: Cause
    /// The condition as it was written, and what came of it; nil where no single condition decided.
    package var conditionText: String?
    package var evidence: Evaluation?
}

extension Decision.Cause {
    /// The rule that decided, if one did.
    package var rule: String? {
        switch self {
        case .rule(let name), .relapse(let name), .cooldownOver(let name): name
        case .launchRulesPass, .unapprovedLaunch, .order: nil
        }
    }
}
