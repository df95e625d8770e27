package import Model

/// What the guard needs of a platform that sends campaigns; every call is one request or one thrown fault.
package protocol SendingPlatform: Sendable {
    /// The campaign's counters.
    func stats(of campaign: CampaignID) async throws(Fault) -> CampaignStats
    /// Every sender pool of the workspace.
    func pools() async throws(Fault) -> [SenderPool]
    /// Every sender account of the workspace.
    func accounts() async throws(Fault) -> [SenderAccount]
    /// Stops a campaign's sending. Idempotent: a campaign that does not run answers with its state.
    ///
    /// - Parameter firstSentAt: when the first attempt left that may have taken effect.
    func pause(_ campaign: CampaignID, firstSentAt: Instant) async throws(Fault) -> ActionAnswer
    /// Starts a draft, once: never repeated by itself, as a lost answer does not tell whether it took effect.
    func start(_ campaign: CampaignID, firstSentAt: Instant) async throws(Fault) -> ActionAnswer
}
