import Model
import Yams

/// Reads the `launches:` list.
struct LaunchReader {
    let reader: FieldReader

    init(_ reader: FieldReader) {
        self.reader = reader
    }

    func launches(_ fields: Fields, campaigns: [Located<CampaignEntry>]) -> [Located<LaunchEntry>] {
        guard let node = fields["launches"] else { return [] }
        // A misspelled list has already been reported.
        let known = fields.hasCampaignList ? Set(campaigns.map(\.entry.id)) : nil
        var seen: [CampaignID: Node] = [:]
        var launches: [Located<LaunchEntry>] = []
        for node in reader.elements(node, of: "launches", countMax: PolicyAssembly.campaignsMax) {
            guard let launch = launch(node, known: known) else { continue }
            if let earlier = seen[launch.campaign] {
                reader.error(
                    "campaign '\(launch.campaign)' already has a launch in \(reader.place(earlier, from: node))",
                    at: node)
                continue
            }
            seen[launch.campaign] = node
            launches.append(Located(launch, node))
        }
        return launches
    }

    private func launch(_ node: Node, known: Set<CampaignID>?) -> LaunchEntry? {
        guard
            let fields = reader.fields(
                node, of: "a launch", known: ["campaign", "not_before", "expires", "priority"],
                hints: ["id": "did you mean 'campaign'?"])
        else { return nil }
        guard let campaignNode = fields["campaign"] else {
            reader.error("the launch has no 'campaign'", at: node)
            return nil
        }
        guard let campaign: CampaignID = reader.identifier(campaignNode, "the campaign's id") else { return nil }
        if let known, !known.contains(campaign) {
            let nearest = NearestName.of(campaign.text, in: known.map(\.text).sorted())
            reader.error(
                "campaign '\(campaign)' is not listed under 'campaigns'",
                help: nearest.map { "did you mean '\($0)'?" } ?? "add {id: \(campaign)} to 'campaigns'",
                at: campaignNode)
            return nil
        }
        let notBefore = fields["not_before"].flatMap { reader.instant($0, "not_before") }
        let expires = fields["expires"].flatMap { reader.instant($0, "expires") }
        if let notBefore, let expires, expires <= notBefore, let node = fields["expires"] {
            reader.error(
                "the launch expires before it can start", help: "set 'expires' to a time after 'not_before'", at: node)
        }
        let priority = fields["priority"].flatMap { reader.integer($0, "priority", in: -1000...1000) } ?? 0
        return LaunchEntry(campaign: campaign, notBefore: notBefore, expires: expires, priority: priority)
    }
}
