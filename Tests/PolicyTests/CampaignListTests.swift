import Model
import Policy
import Testing

/// `campaigns` as plain ids, `defaults`, and the files under `campaigns_file`.
@Suite struct CampaignListTests {
    private static let head = """
        version: 1
        mode: enforce
        workspace: {name: acme, provider: leadterra, credential: acme.key}
        rules: [{name: r, when: bounceRate > 5% and resolved >= 50, then: pause}]

        """

    private func load(
        _ text: String, head: String = head, files: [String: String] = [:]
    ) -> PolicyLoader.Outcome {
        PolicyLoader.load(SourceFile(name: "/etc/sendwarden/policy.yaml", text: head + text)) {
            path throws(PolicyFileError) in
            guard let text = files[path] else {
                throw PolicyFileError(code: .missing, reason: "\(path): no such file", help: "give another")
            }
            return SourceFile(name: path, text: text)
        }
    }

    private func errors(_ text: String, head: String = head, files: [String: String] = [:]) -> [Diagnostic] {
        load(text, head: head, files: files).diagnostics.filter { $0.severity == .error }
    }

    private func ids(_ outcome: PolicyLoader.Outcome) -> [String]? { outcome.policy?.campaigns.map(\.id.text) }

    // MARK: Defaults

    @Test func aCampaignCanBeAnID() throws {
        let outcome = load("campaigns: [camp_1, {id: camp_2}, camp_3]\n")
        #expect(ids(outcome) == ["camp_1", "camp_2", "camp_3"] && outcome.diagnostics.isEmpty)
    }

    @Test func defaultsApplyUnlessTheEntrySaysOtherwise() throws {
        let outcome = load(
            """
            defaults: {pool: pool_a, labels: {team: sales, region: north}}
            campaigns: [camp_1, {id: camp_2, pool: pool_b, labels: {team: support}}]
            """)
        let campaigns = try #require(outcome.policy?.campaigns)
        #expect(campaigns[0].pool?.text == "pool_a" && campaigns[0].labels == ["team": "sales", "region": "north"])
        #expect(campaigns[1].pool?.text == "pool_b" && campaigns[1].labels == ["team": "support", "region": "north"])
    }

    @Test func theDefaultWorkspaceEndsTheQuestionWhichIsMeant() throws {
        let head = """
            version: 1
            mode: enforce
            workspaces:
              - {name: north, provider: leadterra, credential: n.key}
              - {name: south, provider: leadterra, credential: s.key}
            rules: [{name: r, when: bounceRate > 5%, then: pause}]

            """
        #expect(errors("campaigns: [camp_1]", head: head).first?.help?.contains("north, south") == true)
        let outcome = load(
            "defaults: {workspace: north, pool: pool_n}\ncampaigns: [camp_1, {id: camp_2, workspace: south}]",
            head: head)
        let campaigns = try #require(outcome.policy?.campaigns)
        #expect(campaigns.map(\.workspace.text) == ["north", "south"])
        #expect(campaigns.map(\.pool?.text) == ["pool_n", nil], "the default pool is one of the default workspace")
    }

    @Test(arguments: ["camp_*", "Outbound?", "[a-z]"])
    func aPatternIsNoID(_ pattern: String) {
        let refused = errors("campaigns: [{id: \"\(pattern)\"}]")
        #expect(refused.map(\.message) == ["'\(pattern)' is a pattern, not an id"])
        #expect(refused[0].help?.contains("campaigns_file") == true)
        #expect(errors("campaigns: [{where: {name: x}}]")[0].help?.contains("sendwarden watch") == true)
    }

    // MARK: Files

    @Test func aFileHasOneIDInEachLine() throws {
        let outcome = load(
            "campaigns_file: campaigns.txt\ncampaigns: [camp_2]\ndefaults: {labels: {team: sales}}\n",
            files: [
                "/etc/sendwarden/campaigns.txt":
                    "# from the CRM\ncamp_1\n\n  camp_2 # also in the policy\ncamp_3\r\ncamp_1\n"
            ])
        #expect(ids(outcome) == ["camp_2", "camp_1", "camp_3"], "\(outcome.diagnostics)")
        let campaigns = try #require(outcome.policy?.campaigns)
        #expect(campaigns[0].origin == .policy && campaigns[1].origin == .file("/etc/sendwarden/campaigns.txt"))
        #expect(campaigns.allSatisfy { $0.labels == ["team": "sales"] })
        #expect(outcome.policy?.campaignFiles == ["/etc/sendwarden/campaigns.txt"])
    }

    @Test(arguments: ["- camp_1\n- {id: camp_2, name: Two}\n", "campaigns:\n  - camp_1\n  - id: camp_2\n"])
    func aYAMLFileIsAListOfCampaigns(_ text: String) {
        #expect(ids(load("campaigns_file: /x/list.yaml", files: ["/x/list.yaml": text])) == ["camp_1", "camp_2"])
    }

    @Test func severalFilesAndEmptyOnes() {
        let outcome = load(
            "campaigns_file: [a.txt, b.yml]",
            files: ["/etc/sendwarden/a.txt": "", "/etc/sendwarden/b.yml": "# nothing yet\n- camp_1\n"])
        #expect(ids(outcome) == ["camp_1"])
        #expect(ids(load("campaigns_file: a.yaml", files: ["/etc/sendwarden/a.yaml": "\n"])) == [])
    }

    /// Errors name the file and its line, not those of the policy.
    @Test(arguments: [
        ("list.txt", "camp_1\nno id\n", "/etc/sendwarden/list.txt:2:1: error: 'no id' is not a campaign's id"),
        ("list.txt", "camp_1,camp_2\n", "/etc/sendwarden/list.txt:1:1: error: 'camp_1,camp_2' is not a campaign's id"),
        ("list.yaml", "- {id: camp_1, colour: red}\n", "/etc/sendwarden/list.yaml:1:16: error: unknown key 'colour'"),
        (
            "list.yaml", "- camp_1\n- camp_1\n",
            "/etc/sendwarden/list.yaml:2:3: error: campaign 'camp_1' is already listed"
        ),
        ("list.yaml", "- {id: [\n", "/etc/sendwarden/list.yaml:2:1: error: invalid YAML"),
        ("list.yaml", "rules: []\n", "/etc/sendwarden/list.yaml:1:1: error: unknown key 'rules'"),
    ])
    func anErrorNamesTheFile(_ name: String, _ text: String, _ expected: String) {
        let outcome = load("campaigns_file: \(name)", files: ["/etc/sendwarden/\(name)": text])
        #expect(outcome.policy == nil)
        let source = SourceFile(name: "/etc/sendwarden/policy.yaml", text: Self.head)
        let shown = source.render(outcome.diagnostics)
        #expect(shown.hasPrefix(expected), "\(shown)")
    }

    @Test func aMissingFileIsAnErrorAtItsName() {
        let refused = errors("campaigns_file: gone.txt")
        #expect(refused.map(\.message) == ["cannot read the campaigns: /etc/sendwarden/gone.txt: no such file"])
        #expect(refused[0].position == Position(line: 5, column: 17) && refused[0].help?.contains("create it") == true)
    }

    /// Forty campaigns of one team fit into a policy of fifteen lines.
    @Test func fortyCampaignsNeedFewLines() {
        let text = """
            defaults: {pool: pool_a, labels: {team: sales}}
            campaigns_file: campaigns.txt
            """
        let list = (1...40).map { "camp_\($0)\n" }.joined()
        let outcome = load(text, files: ["/etc/sendwarden/campaigns.txt": list])
        #expect(outcome.policy?.campaigns.count == 40 && (Self.head + text).split(separator: "\n").count <= 15)
    }

    // MARK: Mode

    @Test func aPolicyWithoutAModeObservesAndSaysSo() throws {
        let text = Self.head.replacing("mode: enforce\n", with: "") + "campaigns: [camp_1]\n"
        let outcome = load(text, head: "")
        let policy = try #require(outcome.policy)
        #expect(policy.mode == .observe && !policy.setsMode)
        #expect(outcome.diagnostics.map(\.severity) == [.warning])
        #expect(outcome.diagnostics[0].message.contains("only observes"))
    }
}
