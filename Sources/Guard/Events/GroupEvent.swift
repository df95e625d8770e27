package import Model

/// An event of a rule on a group of campaigns, besides its transitions.
package enum GroupEvent: Sendable {
    /// The sums have been unknown for this long, because these campaigns lack data although they may be sending.
    ///
    /// `reason` says why the first of them does, if that is known.
    case ruleLacksData(DataGap, lacking: [CampaignID], reason: String?, lasting: Duration)
    /// The sums that were reported as unknown are known again, after this long.
    case ruleHasData(DataGap, after: Duration)
}
