import Model
import Policy

/// Every rule on groups with every group that it has.
struct GroupTable: Sendable {
    private var groups: [CampaignGroup] = []
    /// The groups of each campaign of the policy, by its index; empty if no rule is on groups.
    private var ofCampaign: [[Int]] = []

    init(_ policy: CheckedPolicy) {
        for (index, rule) in policy.rules.enumerated() where rule.trigger == .group && rule.mode != .off {
            var members: [String: [Int]] = [:]
            for (campaign, entry) in policy.campaigns.enumerated() where rule.applies(to: entry) {
                guard let value = rule.grouping?.group(of: entry) else { continue }
                members[value, default: []].append(campaign)
            }
            for (value, campaigns) in members.sorted(by: { $0.key < $1.key }) {
                groups.append(CampaignGroup(rule, index, value: value, campaigns: campaigns))
            }
        }
        if groups.isEmpty { return }
        ofCampaign = Array(repeating: [], count: policy.campaigns.count)
        for (index, group) in groups.enumerated() {
            for campaign in group.campaigns { ofCampaign[campaign].append(index) }
        }
    }

    /// Adopts a new policy; rules with the same identity keep their state in each group.
    init(_ policy: CheckedPolicy, adopting previous: GroupTable) {
        self.init(policy)
        takeUp(previous.memories)
    }

    var isEmpty: Bool { groups.isEmpty }

    /// The indexes of the campaign's groups.
    func groups(of campaign: Int) -> [Int] { ofCampaign.isEmpty ? [] : ofCampaign[campaign] }

    subscript(index: Int) -> CampaignGroup {
        _read { yield groups[index] }
        _modify { yield &groups[index] }
    }

    var indices: Range<Int> { groups.indices }

    /// The sums of the campaign's groups.
    func sums(of campaign: Int) -> [GroupSums] { groups(of: campaign).map { groups[$0].sums } }

    /// The groups with everything that is known of them, in policy order.
    var all: [CampaignGroup] { groups }

    // MARK: Storage

    var memories: [GroupMemory] {
        // In place, because this is asked after every event and most groups have nothing to store.
        groups.indices.filter { groups[$0].hasMemory }.map { GroupMemory(groups[$0]) }
    }

    mutating func takeUp(_ memories: [GroupMemory], at now: Instant? = nil) {
        for index in groups.indices {
            let (identity, value) = (groups[index].rule.identity, groups[index].value)
            guard let stored = memories.first(where: { $0.value == value && $0.rule.identity == identity }) else {
                continue
            }
            groups[index].resume(stored, at: now)
        }
    }
}

/// The state of a rule on one group that outlives the process.
struct GroupMemory: Codable, Hashable, Sendable {
    var value: String
    var rule: RuleMemory
    /// Absent while the rule has its data.
    var gap: DataGap?

    init(_ group: CampaignGroup) {
        (value, gap) = (group.value, group.gap)
        rule = RuleMemory(group.rule.identity, group.state, armed: nil)
    }
}
