package import Model
package import Policy

/// An action that the guard asks its driver to carry out.
///
/// The effects of one ``Guard/handle(_:at:)`` call are carried out in order.
package enum Effect: Sendable {
    /// Poll the target and pass the result back as ``Event/polled(_:)``, failures included.
    case poll(Target)
    /// Send the action once and pass the response back as ``Event/answered(_:_:jitter:)``.
    ///
    /// A durable store writes the intent before the request leaves.
    case send(Intent)
    /// Send the change of a pool's members once and pass the response back as ``Event/changed(_:_:)``.
    case change(SenderChange)
    /// Store the record before any later effect is sent.
    case record(LedgerRecord)
    /// Reply to the person who gave the order.
    case reply(Order, entry: CampaignEntry?, OrderOutcome)
    /// Reply to the person who ordered mutes by labels.
    case replyToMute(MuteOrder, MuteOutcome)
    /// Write the event to the journal.
    case report(GuardEvent)
    /// The service is up: the first round of polls is complete, has clearly failed, or has taken too long.
    case ready
}

/// A decided action, from just before it is sent until its response arrives.
package struct Intent: Hashable, Sendable, Codable {
    package enum Action: String, Sendable, Codable {
        case pause
        /// The first start of a draft.
        case start
        /// Starts a campaign that Sendwarden paused.
        case resume
    }

    package var action: Action
    package var campaign: CampaignID
    package var decision: Decision
    /// When the first attempt left; no effect of ours can be older.
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

/// A decision of the guard and its evidence.
package struct Decision: Hashable, Sendable, Codable {
    package enum Cause: Hashable, Sendable, Codable {
        /// A rule fired.
        case rule(String)
        /// A resumed campaign breached the condition of its probation.
        case relapse(String)
        /// The cooldown after a pause by this rule is over.
        case cooldownOver(String)
        /// Every launch rule was known and false.
        case launchRulesPass
        /// The campaign began to send while its launch was held.
        case unapprovedLaunch
        /// A person ordered it.
        case order(Order)

        /// The key names in stored ledgers, which predate the current spelling.
        private enum CodingKeys: String, CodingKey {
            case rule, relapse
            case cooldownOver = "coolDownOver"
            case launchRulesPass, unapprovedLaunch, order
        }
    }

    /// The ledger's key; counts from 1.
    package var id: Int
    package var at: Instant
    package var campaign: CampaignID
    package var cause: Cause
    /// The condition as written in the policy; nil, as is `evidence`, if no condition was evaluated.
    package var conditionText: String?
    package var evidence: Evaluation?
    /// The group whose sums decided, and the campaign's own numbers; nil unless a rule on groups decided.
    package var group: GroupEvidence?
}

/// What a rule on groups found, in addition to the sums.
package struct GroupEvidence: Hashable, Sendable, Codable {
    package var label: GroupLabel
    /// The condition on the campaign's own numbers.
    package var own: Evaluation
}

extension Decision.Cause {
    /// The rule that decided; nil if none did.
    package var rule: String? {
        switch self {
        case .rule(let name), .relapse(let name), .cooldownOver(let name): name
        case .launchRulesPass, .unapprovedLaunch, .order: nil
        }
    }
}
