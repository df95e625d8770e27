import Model
import Policy
import Testing

/// A file for each customer: its workspace, its defaults and its campaigns.
@Suite struct WorkspaceFileTests {
    private static let rule = PolicyFiles.rule
    private static func customer(_ name: String, _ more: String) -> String {
        "workspace: {name: \(name), provider: leadterra, credential_file: \(name).key}\n\(more)"
    }

    private func campaigns(_ policy: String, _ files: [String: String]) throws -> [String] {
        let outcome = PolicyFiles(policy, files).load()
        let checked = try #require(outcome.policy, "\(outcome.diagnostics.map(\.message))")
        return checked.campaigns.map {
            let labels = $0.labels.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: ",")
            return "\($0.id) \($0.workspace) \($0.pool?.text ?? "-") \(labels)"
        }
    }

    @Test func aTeamAddsACustomerByAddingAFile() throws {
        let files = [
            "workspaces.d/b.yaml": Self.customer("south", "campaigns: [s_1, {id: s_2, workspace: north}]\n"),
            "workspaces.d/a.yaml": Self.customer(
                "north",
                "defaults: {pool: pool_n, labels: {customer: north}}\ncampaigns: [n_1]\ncampaigns_file: n.txt\n"),
            "workspaces.d/n.txt": "n_2\n",
        ]
        let policy =
            "version: 1\nmode: enforce\ninclude: workspaces.d/*.yaml\ndefaults: {labels: {team: x}}\n\(Self.rule)"
        #expect(
            try campaigns(policy, files) == [
                "n_1 north pool_n customer=north,team=x", "s_1 south - team=x", "s_2 north - team=x",
                "n_2 north pool_n customer=north,team=x",
            ])
        let checked = try #require(PolicyFiles(policy, files).load().policy)
        #expect(checked.workspaces.map(\.name.text) == ["north", "south"])
        #expect(
            checked.workspaces.map(\.credential) == [
                .file("/etc/sendwarden/workspaces.d/north.key"), .file("/etc/sendwarden/workspaces.d/south.key"),
            ])
        #expect(checked.defaults.workspace == nil)
    }

    @Test func theDefaultsOfThePolicyAreForItsOwnWorkspace() throws {
        let policy =
            PolicyFiles.head
            + "include: d/*.yaml\ndefaults: {pool: pool_a, labels: {team: x}}\ncampaigns: [a_1]\n\(Self.rule)"
        let files = [
            "d/own.yaml": Self.customer("north", "defaults: {labels: {team: y}}\ncampaigns: [n_1]\n"),
            "d/shared.yaml": "campaigns: [a_2]\n", "d/pool.yaml": "defaults: {pool: pool_b}\ncampaigns: [a_3]\n",
        ]
        #expect(
            try campaigns(policy, files) == [
                "a_1 acme pool_a team=x", "n_1 north - team=y", "a_3 acme pool_b team=x", "a_2 acme pool_a team=x",
            ])
        #expect(PolicyFiles(policy, files).load().policy?.defaults.workspace?.text == "acme", "for 'sendwarden watch'")
    }

    @Test func severalWorkspacesOfOneFileMustBeNamed() {
        let two =
            "workspaces: [{name: n, provider: leadterra, credential: k}, {name: s, provider: leadterra, credential: l}]\n"
        let found = PolicyFiles(
            PolicyFiles.head + "include: d.yaml\n\(Self.rule)", ["d.yaml": two + "campaigns: [a]\n"])
        #expect(found.found() == ["d.yaml:2:13: 'workspace' is missing: several workspaces match"])
        #expect(found.help().first?.contains("n, s") == true)
    }

    @Test func namesAreUsedOnceInAllFiles() {
        let found = PolicyFiles(
            PolicyFiles.head + "include: [d.yaml, e.yaml]\ncampaigns: [a]\n\(Self.rule)",
            ["d.yaml": "\n" + Self.customer("acme", ""), "e.yaml": "workspace: {}\nworkspaces: []\n"])
        #expect(found.found().first == "d.yaml:2:12: workspace name 'acme' is already used in policy.yaml, line 3")
        #expect(found.found().contains("e.yaml:1:1: 'workspace' and 'workspaces' cannot be used together"))
    }

    @Test func someFileMustHaveAWorkspace() {
        let text = "version: 1\nmode: enforce\ninclude: d.yaml\n\(Self.rule)"
        let found = PolicyFiles(text, ["d.yaml": "campaigns: [a]\n"])
        #expect(found.found() == ["policy.yaml:1:1: 'workspace' is missing"])
        #expect(
            PolicyFiles(text, ["d.yaml": "workspce: {}\n"]).found() == [
                "d.yaml:1:1: unknown key 'workspce' in an included file"
            ])
    }

    @Test func thereIsALimitToWorkspaces() {
        let files = Dictionary(uniqueKeysWithValues: (1...51).map { ("d/\($0).yaml", Self.customer("w\($0)", "")) })
        let found = PolicyFiles("version: 1\nmode: enforce\ninclude: d/*.yaml\n\(Self.rule)", files).found()
        #expect(found.map { $0.split(separator: ": ").last } == ["the policy has 51 workspaces; the limit is 50"])
    }

    // MARK: credential_file

    private func credential(_ path: String) -> Result<Workspace.Credential?, RefusedPath> {
        let text = """
            version: 1
            mode: enforce
            workspace: {name: w, provider: twilio_comms, credential_file: "\(path)"}
            \(Self.rule)
            """
        let outcome = PolicyFiles(text).load()
        let refused = outcome.diagnostics.first { $0.message.contains("credential_file") }
        return refused.map { .failure(RefusedPath(help: $0.help)) } ?? .success(outcome.policy?.workspace.credential)
    }

    private struct RefusedPath: Error { var help: String? }

    @Test(arguments: [
        ("/run/key", "/run/key"), ("leadterra.key", "/etc/sendwarden/leadterra.key"),
        ("./key", "/etc/sendwarden/key"), ("keys/a", "/etc/sendwarden/keys/a"),
        ("../a.key", "/etc/sendwarden/../a.key"),
    ])
    func aRelativePathIsRelativeToItsFile(_ path: String, _ expected: String) throws {
        #expect(try credential(path).get() == .file(expected))
    }

    /// A bare word, or one with a colon, may be the key itself.
    @Test(arguments: ["0123456789abcdef", "AC0123.x:token", "~/key", "a\\u0001.key"])
    func whatMayBeAKeyIsNoPath(_ path: String) {
        #expect(throws: RefusedPath.self) { try credential(path).get() }
        if case .failure(let refused) = credential(path) { #expect(refused.help?.contains("./NAME") == true) }
    }
}
