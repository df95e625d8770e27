import ArgumentParser
import AsyncHTTPClient
import Daemon
import Foundation
import Journal
import Model
import NIOPosix
import Policy
import Providers

/// `sendwarden pools`: lists the sender pools of every workspace, or the members of one pool.
struct PoolsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pools",
        abstract: "List sender pools, or the members of one.",
        discussion: """
            Queries the platform of each workspace with the key that the policy names; no daemon is needed. Values \
            that a platform does not report are left empty. With --senders, lists the members of one pool instead. \
            --created-after, --created-before and --operation, and for members --channel and --status, are applied by \
            the platform; workspaces whose platform does not support them are omitted.
            Exits with 65 if a response cannot be used, 66 if the policy or the pool does not exist, 69 if a platform \
            cannot be reached, 77 without permission to read the policy or the key, 78 if the policy or the key is \
            refused.

            Example: sendwarden pools --policy policy.yaml --tag environment=production --json
            """)

    @OptionGroup var policy: PolicyOption

    @Option(help: ArgumentHelp("Only pools of this workspace.", valueName: "name"))
    var workspace: String?

    @Option(help: ArgumentHelp("Only pools with this tag; can be given several times.", valueName: "name=value"))
    var tag: [String] = []

    @Option(
        help: ArgumentHelp("Only those created after this time: 30d (ago) or 2026-12-01T09:00:00Z.", valueName: "time"))
    var createdAfter: String?

    @Option(help: ArgumentHelp("Only those created before this time.", valueName: "time"))
    var createdBefore: String?

    @Option(help: ArgumentHelp("Only pools that this operation created or changed.", valueName: "id"))
    var operation: String?

    @Option(help: ArgumentHelp("List the members of this pool: its id or its name in the policy.", valueName: "pool"))
    var senders: String?

    @Option(help: ArgumentHelp("Only members of this channel: EMAIL, SMS, RCS, WHATSAPP, PUSH.", valueName: "channel"))
    var channel: String?

    @Option(help: ArgumentHelp("Only members in this state: ACTIVATED, DEACTIVATED.", valueName: "status"))
    var status: String?

    @Flag(help: "Print one JSON object.")
    var json = false

    func validate() throws {
        for text in tag where !text.contains("=") || text.hasPrefix("=") {
            throw ValidationError("--tag \(text) is not name=value, such as environment=production.")
        }
        for (name, text) in [("created-after", createdAfter), ("created-before", createdBefore)] {
            if let text, MomentText.instant(text) == nil {
                throw ValidationError(
                    "--\(name) \(text) is neither a duration such as 24h nor a time such as 2026-12-01T09:00:00Z.")
            }
        }
        if let createdAfter, let createdBefore, MomentText.isEmpty(from: createdAfter, until: createdBefore) {
            throw ValidationError("--created-after \(createdAfter) is not before --created-before \(createdBefore).")
        }
        if let operation, OperationID(operation) == nil {
            throw ValidationError("--operation \(operation) is not a valid id.")
        }
        if senders == nil, channel != nil || status != nil {
            throw ValidationError("--channel and --status select members: add --senders POOL.")
        }
        if senders != nil, operation != nil || !tag.isEmpty {
            throw ValidationError("--operation and --tag select pools: remove --senders.")
        }
        if let channel, PoolSender.Channel(rawValue: channel) == nil {
            let known = PoolSender.Channel.allCases.map(\.rawValue).joined(separator: ", ")
            throw ValidationError("--channel \(channel) is not one of \(known).")
        }
        if let status, PoolSender.Status(rawValue: status) == nil {
            let known = PoolSender.Status.allCases.map(\.rawValue).joined(separator: ", ")
            throw ValidationError("--status \(status) is not one of \(known).")
        }
    }

    func run() async throws {
        ProcessHardening.apply()
        let checked = try PolicyReading.policy(
            policy.path, hint: "give the policy as an argument: sendwarden pools policy.yaml")
        let selected = checked.workspaces.filter { workspace == nil || $0.name.text == workspace }
        guard !selected.isEmpty else {
            let known = checked.workspaces.map(\.name.text).joined(separator: ", ")
            StandardError.write("error: the policy has no workspace \(workspace ?? ""); it has \(known)")
            throw ExitCode.noInput
        }
        let http = HTTPClient(
            eventLoopGroupProvider: .shared(MultiThreadedEventLoopGroup(numberOfThreads: 1)),
            configuration: PlatformFactory.clientConfiguration)
        do {
            try await list(checked, selected, http)
        } catch {
            try? await http.shutdown()
            throw error
        }
        try? await http.shutdown()
    }

    private func list(_ policy: CheckedPolicy, _ workspaces: [Workspace], _ http: HTTPClient) async throws {
        let factory = PlatformFactory(
            http: http, time: SteadyTime.fromWallClock(),
            credentialsDirectory: ProcessInfo.processInfo.environment["CREDENTIALS_DIRECTORY"],
            random: { Double.random(in: 0...1) })
        let now = SteadyTime.fromWallClock().now
        let created = CreationDates(
            after: createdAfter.flatMap { MomentText.instant($0, before: now) },
            before: createdBefore.flatMap { MomentText.instant($0, before: now) })
        let lister = PoolLister(
            policy: policy, tags: tags, created: created, operation: operation.flatMap { OperationID($0) },
            senders: SenderFilter(
                channel: channel.flatMap { PoolSender.Channel(rawValue: $0) },
                status: status.flatMap { PoolSender.Status(rawValue: $0) }, created: created))
        var listed = PoolListing()
        for workspace in workspaces {
            let platform: Platform
            do throws(CredentialError) {
                platform = try factory.platform(workspace, policy)
            } catch {
                StandardError.write("error: workspace \(workspace.name): \(error.message)")
                throw ExitCode(error)
            }
            do throws(Fault) {
                if let pool = senders {
                    try await lister.addSenders(of: pool, in: workspace, platform, to: &listed)
                } else {
                    try await lister.addPools(of: workspace, platform, to: &listed)
                }
            } catch {
                StandardError.write("error: workspace \(workspace.name): \(PoolsCommand.sentence(error))")
                throw PoolsCommand.code(error)
            }
        }
        if let senders, !listed.foundPool {
            StandardError.write(
                "error: no workspace has a pool \(senders) whose members can be listed; 'sendwarden pools' lists the "
                    + "pools")
            throw ExitCode.noInput
        }
        StandardOutput.write(
            json
                ? try ReadableJSON.text(listed)
                : PoolsScreen(page: Page.terminal).text(listed, showsSenders: senders != nil))
        for workspace in listed.leftOut {
            StandardError.write("note: workspace \(workspace) is omitted: its platform does not support these filters")
        }
    }

    private var tags: [String: String] {
        Dictionary(
            tag.map { text in
                let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                return (String(parts[0]), String(parts[1]))
            }, uniquingKeysWith: { $1 })
    }

    private static func sentence(_ fault: Fault) -> String {
        switch fault.kind {
        case .unauthorized:
            "the platform rejects the key: \(fault.summary); put a valid key into the credential that the policy names"
        case .throttled:
            "the platform limits the request rate: \(fault.summary)"
                + (fault.retryAfter.map { "; try again in \($0.spokenText)" } ?? "")
        case .unreachable: "cannot reach the platform: \(fault.summary); run 'sendwarden doctor' for details"
        case .missing: "not found on the platform: \(fault.summary)"
        case .refused: "the platform refuses the request: \(fault.summary)"
        case .unexpected: "unusable response from the platform: \(fault.summary)"
        }
    }

    private static func code(_ fault: Fault) -> ExitCode {
        switch fault.kind {
        case .unauthorized: .noPermission
        case .throttled, .unreachable: .unavailable
        case .missing: .noInput
        case .refused, .unexpected: .dataError
        }
    }
}
