import Model
import Policy
import Testing

/// Several workspaces, named pools, and rules on their members.
@Suite struct PoolPolicyTests {
    static let head = """
        version: 1
        mode: enforce
        workspaces:
          - {name: acme, provider: leadterra, credential: leadterra.key}
          - {name: acme-twilio, provider: twilio_comms, credential: twilio.key}

        """
    static let pool = """
        pools:
          - name: main
            pool_where: {tags: {environment: production}, name: Marketing}
            per_sender_daily: 50

        """
    static let campaigns = "campaigns:\n  - {id: camp_1, pool: main}\n"

    private func outcome(_ text: String) -> PolicyLoader.Outcome {
        PolicyLoader.load(SourceFile(name: "p", text: text))
    }

    private func errors(_ text: String) -> [String] {
        outcome(text).diagnostics.filter { $0.severity == .error }.map(\.message)
    }

    private func policy(_ text: String) throws -> CheckedPolicy {
        try #require(outcome(text).policy, "\(errors(text))")
    }

    @Test func readsEveryKey() throws {
        let policy = try policy(
            Self.head + Self.pool + Self.campaigns + """
                rules:
                  - name: out
                    on: pool
                    pools: [main]
                    when: pool.senders > pool.activeSenders and pool.tag("environment") == "production" and pool.age > 7d
                    then: remove_sender
                    sender: {status: DEACTIVATED, tags: {team: sales}}
                    keep_at_least: 3
                  - {name: back, on: pool, when: pool.updated > 1d, then: restore_sender}
                """)
        #expect(policy.workspaces.map(\.name.text) == ["acme", "acme-twilio"])
        #expect(policy.workspaces.map(\.url) == ["https://app.leadterra.co", "https://comms.twilio.com"])
        let pool = try #require(policy.pools.first)
        #expect(pool.workspace.text == "acme-twilio" && pool.channel == .email && pool.perSenderDaily == 50)
        #expect(pool.target == PoolSelector(id: nil, name: "Marketing", tags: ["environment": "production"]))
        #expect(policy.campaigns[0].workspace.text == "acme" && policy.campaigns[0].pool == pool.name)
        let out = policy.rules[0]
        #expect(out.action == .removeSender && out.keepAtLeast == 3 && out.pools == [pool.name])
        #expect(out.sender == SenderSelector(status: .deactivated, tags: ["team": "sales"]))
        #expect(policy.rules[1].action == .restoreSender && policy.rules[1].pools == nil)
    }

    @Test func aSelectorMatchesOnlyIfEveryPropertyMatches() {
        let target = PoolSelector(id: nil, name: "Marketing", tags: ["environment": "production"])
        func pool(_ name: String, _ tags: [String: String]) -> SenderPool {
            SenderPool(id: PoolID(unchecked: "p"), name: name, tags: tags)
        }
        #expect(target.matches(pool("Marketing", ["environment": "production", "region": "us"])))
        #expect(!target.matches(pool("Marketing", ["environment": "staging"])))
        #expect(!target.matches(pool("Sales", ["environment": "production"])))
        #expect(!PoolSelector(id: PoolID(unchecked: "q"), name: nil, tags: [:]).matches(pool("Marketing", [:])))
    }

    static let refusals: [(String, String)] = [
        (
            head + "workspace: {name: a, provider: leadterra, credential: k}\n",
            "'workspace' and 'workspaces' cannot be used together"
        ),
        ("version: 1\nworkspaces: []\n", "'workspaces' is empty"),
        (
            "version: 1\nworkspaces:\n  - {name: a, provider: leadterra, credential: k}\n  - {name: a, provider: twilio_comms, credential: t}\n",
            "workspace name 'a' is already used in line 3"
        ),
        (
            head + "pools:\n  - {name: main, pool_where: {}, per_sender_daily: 5}\n" + campaigns,
            "pool_where is empty and would match any pool"
        ),
        (head + "pools:\n  - {name: main, per_sender_daily: 5}\n" + campaigns, "the pool has no 'pool_where'"),
        (head + "pools:\n  - {name: main, pool_where: {name: A}}\n" + campaigns, "the pool has no 'per_sender_daily'"),
        (
            head + "pools:\n  - {name: main, workspace: acme, pool_where: {name: A}, per_sender_daily: 5}\n"
                + campaigns,
            "workspace 'acme' is on Leadterra, which does not support this"
        ),
        (
            head + "pools:\n  - {name: main, workspace: acne, pool_where: {name: A}, per_sender_daily: 5}\n"
                + campaigns,
            "unknown workspace 'acne'"
        ),
        (
            head + "campaigns:\n  - {id: camp_1, workspace: acme-twilio}\n",
            "workspace 'acme-twilio' is on Twilio Comms, which does not support this"
        ),
        (
            "version: 1\nworkspaces:\n  - {name: a, provider: leadterra, credential: k}\n  - {name: b, provider: leadterra, credential: t}\ncampaigns:\n  - {id: camp_1}\n",
            "'workspace' is missing: several workspaces match"
        ),
        (
            head + pool + campaigns
                + "rules:\n  - {name: r, on: pool, when: pool.senders > 5, then: remove_sender, keep_at_least: 1}\n",
            "the rule has no 'sender'"
        ),
        (
            head + pool + campaigns
                + "rules:\n  - {name: r, on: pool, when: pool.senders > 5, then: remove_sender, sender: {channel: SMS}}\n",
            "the rule has no 'keep_at_least'"
        ),
        (
            head + pool + campaigns
                + "rules:\n  - {name: r, when: sent > 5, then: remove_sender, sender: {channel: SMS}, keep_at_least: 1}\n",
            "only a rule on pools can remove or restore senders"
        ),
        (
            head + pool + campaigns
                + "rules:\n  - {name: r, on: pool, when: pool.senders > 5, then: alert, keep_at_least: 1}\n",
            "only a rule that removes senders can have 'keep_at_least'"
        ),
        (
            head + pool + campaigns
                + "rules:\n  - {name: r, on: pool, pools: [mein], when: pool.senders > 5, then: alert}\n",
            "pool 'mein' is not used in the policy"
        ),
        (
            head
                + "campaigns:\n  - {id: camp_1, pool: pool_a}\nrules:\n  - {name: r, on: pool, when: pool.age > 5d, then: alert}\n",
            "'pool.age' is known only for pools under 'pools:', and the policy has none"
        ),
        (
            head
                + "campaigns:\n  - {id: camp_1, pool: pool_a}\nrules:\n  - {name: r, on: pool, when: pool.senders > 5, then: restore_sender}\n",
            "the rule changes senders, but the policy has no pool whose senders can be changed"
        ),
        (
            head + pool + campaigns + "rules:\n  - {name: r, on: pool, when: pool.age > 5, then: alert}\n",
            "cannot compare a duration with a plain number"
        ),
        (
            head + pool + campaigns + "rules:\n  - {name: r, on: pool, when: pool.tag(x) == \"a\", then: alert}\n",
            "pool.tag takes one text"
        ),
        (
            head + pool + campaigns + "rules:\n  - {name: r, on: pool, when: pool.tag(\"x\"), then: alert}\n",
            "a tag is text, not a condition"
        ),
        (
            "version: 1\nworkspace: {name: a, provider: twilio_comms, credential: t, auth_token: secret}\n",
            "unknown key 'auth_token' in the workspace"
        ),
    ]

    @Test(arguments: refusals)
    func invalidPoliciesAreRefused(_ text: String, _ message: String) {
        let messages = errors(text)
        #expect(messages.contains(message), "\(messages)")
    }

    @Test func aCampaignWithoutAPoolUsesItsWorkspacesOnlyPool() throws {
        let more = """
            pools:
              - {name: main, pool_where: {name: A}, per_sender_daily: 5}
              - {name: second, pool_where: {name: B}, per_sender_daily: 5}
            campaigns:
              - {id: camp_1, pool: main}
              - {id: camp_2, pool: second}
              - {id: camp_3}

            """
        #expect(try policy(Self.head + more).campaigns.map(\.pool?.text) == ["main", "second", nil])
        let own = "campaigns: [{id: camp_1, pool: a}, {id: camp_2, pool: b}, {id: camp_3}]\n"
        #expect(errors(Self.head + own) == ["campaign 'camp_3' has no 'pool', and its workspace has several pools"])
    }

    @Test func aPolicyWithOnlyPoolsIsValid() {
        let text = """
            version: 1
            mode: enforce
            workspace: {name: twilio, provider: twilio_comms, credential: twilio.key}
            pools:
              - {name: main, pool_where: {name: A}, per_sender_daily: 5}
            rules:
              - {name: few, on: pool, when: pool.activeSenders < 3, then: alert}
            """
        #expect(outcome(text).diagnostics.isEmpty && outcome(text).policy != nil)
    }

    @Test func poolsMustFitIntoTheBudget() {
        let pools = (1...200).map { "  - {name: p\($0), pool_where: {name: P\($0)}, per_sender_daily: 5}\n" }.joined()
        let messages = errors(Self.head + "poll: {budget: 120/min}\npools:\n" + pools + "campaigns: [{id: camp_1}]\n")
        #expect(messages == ["poll.budget is too small for the 200 pools of workspace 'acme-twilio'"])
    }
}
