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

    /// The groups of the rule.
    func groups(ofRule name: String) -> [CampaignGroup] { groups.filter { $0.rule.name == name } }

    subscript(index: Int) -> CampaignGroup {
        _read { yield groups[index] }
        _modify { yield &groups[index] }
    }

    var indices: Range<Int> { groups.indices }

    /// The sums of the campaign's groups, by the rule's index in the policy.
    func sums(of campaign: Int) -> [Int: GroupSums] {
        var sums: [Int: GroupSums] = [:]
        for index in groups(of: campaign) { sums[groups[index].ruleIndex] = groups[index].sums }
        return sums
    }

    // MARK: Storage

    var memories: [GroupMemory] {
        groups.compactMap { group in
            group.state == RuleState()
                ? nil : GroupMemory(value: group.value, rule: RuleMemory(group.rule.identity, group.state, armed: nil))
        }
    }

    mutating func takeUp(_ memories: [GroupMemory], at now: Instant? = nil) {
        for index in groups.indices {
            let (identity, value) = (groups[index].rule.identity, groups[index].value)
            guard let stored = memories.first(where: { $0.value == value && $0.rule.identity == identity }) else {
                continue
            }
            groups[index].state = now.map { stored.rule.state.clamped(to: $0) } ?? stored.rule.state
        }
    }
}

/// The state of a rule on one group that outlives the process.
struct GroupMemory: Codable, Hashable, Sendable {
    var value: String
    var rule: RuleMemory
}
