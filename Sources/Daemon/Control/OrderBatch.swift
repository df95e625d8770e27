import Guard
package import Model
package import Reporting

/// A person's order on several campaigns, all of which get it in one turn of the daemon's loop.
package struct OrderBatch: Sendable {
    /// The most campaigns at once, so that their records fit the queue of the ledger.
    package static let campaignsMax = 4000

    let selection: OrderSelection
    /// The order on a campaign.
    let order: @Sendable (CampaignID) -> Order
    let act: Order.Act
    /// The order about mutes by labels that this is; nil for an order on each campaign.
    let mute: MuteOrder?
    /// True if the campaigns are only listed.
    let isPreview: Bool
    /// The digest of the campaigns that a person has confirmed; nil without confirmation.
    let confirmed: String?
}

/// The reply to an order on several campaigns; its JSON is part of the control socket's interface.
package struct OrderBatchReply: Codable, Sendable {
    package struct Selected: Codable, Sendable {
        package var campaign: CampaignID
        package var name: String?
        package var state: String?
    }

    /// Identifies the selected campaigns.
    package var digest: String
    package var selected: [Selected]
    /// One for each campaign, in the order of ``selected``; empty if nothing was ordered.
    package var replies: [OrderReply]
    /// Why nothing was ordered; nil if it was, or if the campaigns are only listed.
    package var refusal: String?

    init(_ selected: [Selected]) {
        (self.selected, replies) = (selected, [])
        // FNV-1a.
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in selected.map(\.campaign.text).joined(separator: "\n").utf8 {
            hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3
        }
        digest = String(hash, radix: 16)
    }
}
