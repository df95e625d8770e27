import ArgumentParser
import Glibc
import Journal
import Model
import Policy
import Providers

/// The policy and the key that `init` checks and then writes.
struct InitSetup {
    /// An answer that the platform does not accept.
    struct Objection {
        enum Subject { case key, campaigns, pool, other }

        var subject: Subject
        var message: String
        var code: ExitCode
    }

    let keyPath: String
    let workspace: Workspace
    private let text: String
    private let policyPath: String
    private let checked: CheckedPolicy
    private let key: APIKey

    /// An invalid policy is a mistake in the answers: reports it and throws the exit code.
    init(_ answers: InitAnswers, _ layout: InitLayout) throws {
        let starter = StarterPolicy(answers, layout)
        let text = starter.fitted(path: layout.policy)
        let source = SourceFile(name: layout.policy, text: text)
        let outcome = PolicyLoader.load(source)
        guard let policy = outcome.policy else {
            StandardError.write(String(source.render(outcome.diagnostics).dropLast()))
            StandardError.write("error: the policy is not valid with these values; nothing was written")
            throw ExitCode.badConfiguration
        }
        guard !policy.campaigns.isEmpty || !policy.pools.isEmpty else {
            StandardError.write("error: \(policy.campaignFiles.joined(separator: ", ")) lists no campaign")
            throw ExitCode.dataError
        }
        (self.text, policyPath, checked) = (text, layout.policy, policy)
        (workspace, key) = (policy.workspace, answers.key)
        keyPath = layout.key(answers.provider, workspace: answers.name)
    }

    /// Checking a longer list would take minutes within the request budget; `doctor` checks every campaign.
    private static let checkedMax = 40

    /// Checks the platform as `doctor` does and shows the findings; nil if the setup can be used.
    func objection(_ page: Page) async -> Objection? {
        var sampled = checked
        sampled.campaigns = Array(checked.campaigns.prefix(InitSetup.checkedMax))
        var worst: DoctorFinding?
        let unknown = await PlatformCheck(policy: sampled, workspace: workspace, key: key).run { finding in
            if finding.exitCode != 0 { worst = worst ?? finding }
            if finding.verdict != .note { finding.show(page, withRemedy: finding.exitCode == 69) }
        }
        if checked.campaigns.count > InitSetup.checkedMax {
            StandardOutput.write(
                "      checked \(InitSetup.checkedMax) of \(checked.campaigns.count) campaigns; 'sendwarden doctor' "
                    + "checks all")
        }
        if let worst, worst.exitCode == 77 {
            return Objection(subject: .key, message: "the platform rejects the key", code: .noPermission)
        }
        // A long-lived list may contain ids of campaigns that no longer exist.
        let listed = checked.campaignFiles.isEmpty ? unknown.campaigns : []
        if !listed.isEmpty || unknown.knowsNoCampaign {
            let names = (listed.isEmpty ? ["the campaigns of the list"] : listed.map(\.text)).joined(separator: ", ")
            return Objection(
                subject: .campaigns,
                message:
                    "the platform does not know \(names); compare the ids with those that it shows, and check that "
                    + "the key is for this workspace", code: .badConfiguration)
        }
        if !unknown.pools.isEmpty {
            return Objection(
                subject: .pool, message: "the platform has no pool \(unknown.pools.joined(separator: ", "))",
                code: .badConfiguration)
        }
        guard let worst else { return nil }
        let way = "; use --offline to write the policy without these checks"
        return Objection(
            subject: .other, message: "\(worst.check): \(worst.detail)\(way)", code: ExitCode(worst.exitCode))
    }

    /// Writes both files, or reports a failure and leaves everything as it was.
    func write(replacesPolicy: Bool, replacesKey: Bool) throws {
        do throws(StagedFile.Failure) {
            try StagedFile.createFolder(of: keyPath, mode: 0o700)
            try StagedFile.createFolder(of: policyPath, mode: 0o755)
            let isStored = (try? CredentialReader.file(keyPath)).map { $0.isSame(as: key) } ?? false
            let storedKey = isStored ? nil : try StagedFile(keyPath, key.fileContent, mode: 0o600)
            defer { storedKey?.discard() }
            let policy = try StagedFile(policyPath, Array(text.utf8), mode: 0o644)
            defer { policy.discard() }
            let isNew = try storedKey?.publish(replacing: replacesKey) ?? false
            do throws(StagedFile.Failure) {
                _ = try policy.publish(replacing: replacesPolicy)
            } catch {
                if isNew { unlink(keyPath) }
                throw error
            }
        } catch {
            StandardError.write("error: \(error.message); nothing was written")
            throw error.code
        }
    }
}
