import Model
package import Policy

/// What a campaign file says about a campaign, stored in case the file is empty when the process starts.
struct CampaignListing: Codable, Hashable, Sendable {
    /// The file, as the policy names it.
    var file: String
    var workspace: WorkspaceName
    var name: String?
    var pool: PoolID?
    var labels: [String: String]

    func entry(_ id: CampaignID) -> CampaignEntry {
        CampaignEntry(id: id, workspace: workspace, name: name, pool: pool, labels: labels, origin: .file(file))
    }
}

extension CampaignEntry {
    /// Nil unless a file lists the campaign.
    var listing: CampaignListing? {
        switch origin {
        case .file(let path):
            CampaignListing(file: path, workspace: workspace, name: name, pool: pool, labels: labels)
        case .policy, .order: nil
        }
    }
}

extension CheckedPolicy {
    /// True if no file lists a campaign although the policy names files, and the policy does not confirm that.
    package var lacksFileList: Bool {
        guard !campaignFiles.isEmpty, !listsNothing else { return false }
        return !campaigns.contains { entry in
            switch entry.origin {
            case .file: true
            case .policy, .order: false
            }
        }
    }

    /// The campaigns that the files listed when the ledger was last written, if they list none now.
    func recalled(from memory: Memory) -> [CampaignEntry] {
        guard lacksFileList else { return [] }
        let files = Set(campaignFiles)
        let known = Set(campaigns.map(\.id))
        let able = Set(workspaces.filter { $0.provider.can(.campaigns) }.map(\.name))
        let recalled = memory.campaigns.compactMap { campaign -> CampaignEntry? in
            guard let listing = campaign.listing, files.contains(listing.file), able.contains(listing.workspace),
                !known.contains(campaign.id)
            else { return nil }
            return listing.entry(campaign.id)
        }
        return Array(recalled.sorted { $0.id < $1.id }.prefix(CheckedPolicy.campaignsMax - campaigns.count))
    }
}
