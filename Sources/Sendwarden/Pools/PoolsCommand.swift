import ArgumentParser
import AsyncHTTPClient
import Daemon
import Foundation
import Journal
import Model
import NIOPosix
import Policy
import Providers

/// `sendwarden pools`: the sender pools of every workspace, and the members of one.
struct PoolsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pools",
        abstract: "List the sender pools of every provider.",
        discussion: """
            Asks each workspace's platform itself, with the key that the policy names; no daemon is needed. What a \
            platform does not tell is left open. With --senders it lists the members of one pool instead. \
            --created-after, --created-before and --operation, and for members --channel and --status, are filters of \
            the platform's own: workspaces whose platform has none are left out.
            Exits with 64 for wrong arguments, 66 if there is no policy or no such pool, 69 if a platform cannot be \
            reached, 77 without the permission to read policy or key, 78 if policy or key are refused, 65 if an answer \
            cannot be used.

            Example: sendwarden pools --policy policy.yaml --tag environment=production --json
            """)

    @OptionGroup var policy: PolicyOption

    @Option(help: ArgumentHelp("Only of this workspace.", valueName: "name"))
    var workspace: String?

    @Option(help: ArgumentHelp("Only pools that carry this tag; may be given several times.", valueName: "name=value"))
    var tag: [String] = []

    @Option(help: ArgumentHelp("Only what was created after then: 30d, or 2026-12-01T09:00:00Z.", valueName: "time"))
    var createdAfter: String?

    @Option(help: ArgumentHelp("Only what was created before then.", valueName: "time"))
    var createdBefore: String?

    @Option(help: ArgumentHelp("Only pools that this operation made or changed.", valueName: "id"))
    var operation: String?

    @Option(help: ArgumentHelp("List the members of this pool: its id, or its name in the policy.", valueName: "pool"))
    var senders: String?

    @Option(help: ArgumentHelp("Only members of this channel: EMAIL, SMS, RCS, WHATSAPP, PUSH.", valueName: "channel"))
    var channel: String?

    @Option(help: ArgumentHelp("Only members in this state: ACTIVATED, DEACTIVATED.", valueName: "status"))
    var status: String?

    @Flag(help: "Print one JSON object, for programs.")
    var json = false

    func validate() throws {
        for text in tag where !text.contains("=") || text.hasPrefix("=") {
            throw ValidationError("--tag \(text) is no name=value, such as environment=production.")
        }
        for (name, text) in [("created-after", createdAfter), ("created-before", createdBefore)] {
            if let text, MomentText.instant(text) == nil {
                throw ValidationError(
                    "--\(name) \(text) is neither a duration such as 24h nor a time such as 2026-12-01T09:00:00Z.")
            }
        }
        if let operation, OperationID(operation) == nil { throw ValidationError("--operation \(operation) is no id.") }
        if senders == nil, channel != nil || status != nil {
            throw ValidationError("--channel and --status are about members: add --senders POOL.")
        }
        if senders != nil, operation != nil || !tag.isEmpty {
            throw ValidationError("--operation and --tag are about pools: leave --senders out.")
        }
        if let channel, PoolSender.Channel(rawValue: channel) == nil {
            let known = PoolSender.Channel.allCases.map(\.rawValue).joined(separator: ", ")
            throw ValidationError("--channel \(channel) is none of \(known).")
        }
        if let status, PoolSender.Status(rawValue: status) == nil {
            let known = PoolSender.Status.allCases.map(\.rawValue).joined(separator: ", ")
            throw ValidationError("--status \(status) is none of \(known).")
        }
    }

    func run() async throws {
        ProcessHardening.apply()
        let checked = try PolicyReading.policy(
            policy.path, hint: "name the policy, as in: sendwarden pools policy.yaml")
        let chosen = checked.workspaces.filter { workspace == nil || $0.name.text == workspace }
        guard !chosen.isEmpty else {
            let known = checked.workspaces.map(\.name.text).joined(separator: ", ")
            StandardError.write("error: the policy has no workspace \(workspace ?? ""); there are \(known)")
            throw ExitCode.noInput
        }
        let http = HTTPClient(
            eventLoopGroupProvider: .shared(MultiThreadedEventLoopGroup(numberOfThreads: 1)),
            configuration: PlatformFactory.clientConfiguration)
        do {
            try await list(checked, chosen, http)
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
                "error: no workspace has a pool \(senders) whose members can be listed; 'sendwarden pools' lists what "
                    + "there is")
            throw ExitCode.noInput
        }
        StandardOutput.write(
            json
                ? try ReadableJSON.text(listed)
                : PoolsScreen(page: Page.terminal).text(listed, showsSenders: senders != nil))
        for workspace in listed.leftOut {
            StandardError.write("note: workspace \(workspace) is left out: its platform has no such filter")
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
            "the platform refuses the key: \(fault.summary); put a valid one into the file that the policy names"
        case .throttled:
            "the platform asks us to wait: \(fault.summary)"
                + (fault.retryAfter.map { "; try again in \($0.spokenText)" } ?? "")
        case .unreachable: "the platform cannot be reached: \(fault.summary); 'sendwarden doctor' looks closer"
        case .missing: "the platform does not know it: \(fault.summary)"
        case .refused: "the platform refuses the request: \(fault.summary)"
        case .unexpected: "the platform's answer cannot be used: \(fault.summary)"
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
