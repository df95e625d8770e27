import ArgumentParser
import Daemon
import Guard
import Journal
import Model
import Policy
import Reporting

/// `sendwarden watch`: a person puts campaigns on the watch list.
struct WatchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "watch",
        abstract: "Guard campaigns that the policy does not list.",
        discussion: """
            From now on, Sendwarden polls the campaigns and applies the rules of the policy to them, also after \
            restarts and policy changes, until 'sendwarden unwatch'. A later 'watch' replaces all options of an \
            earlier one; the policy's 'defaults' apply to options that are not given.
            Exits with 65 if an order is refused, 69 if no daemon responds, 77 without permission.

            Example: sendwarden watch camp_123 camp_124 --label team=sales
            """)

    @OptionGroup var list: WatchOptions

    @Option(
        name: .customLong("label"),
        help: ArgumentHelp("A label for rules; this option can be repeated.", valueName: "name=text"))
    var labels: [String] = []

    @Option(help: ArgumentHelp("The sender pool: its id, or its name in the policy.", valueName: "pool"))
    var pool: String?

    @Option(help: ArgumentHelp("The workspace, if the policy has several.", valueName: "name"))
    var workspace: String?

    @Option(help: ArgumentHelp("A name for display; for one campaign only.", valueName: "name"))
    var name: String?

    func validate() throws {
        if let pool, PoolID(pool) == nil { throw ValidationError("'\(pool)' is not a valid pool id.") }
        if name != nil, list.campaigns.count > 1 {
            throw ValidationError("--name is for one campaign; you gave \(list.campaigns.count).")
        }
        for label in labels where LabelOption.pair(label) == nil { throw LabelOption.error(label) }
    }

    func run() async throws {
        let labels = LabelOption.labels(labels)
        try await list.give(.watch) { request in
            (request.labels, request.pool, request.name) = (labels, pool.flatMap { PoolID($0) }, name)
            request.workspace = workspace.map { WorkspaceName($0) }
        }
    }
}

/// `sendwarden unwatch`: a person takes campaigns off the watch list.
struct UnwatchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "unwatch",
        abstract: "End the watch of campaigns that 'watch' added.",
        discussion: """
            A campaign that Sendwarden paused stays paused. A campaign that the policy or one of its files lists must \
            be removed from there instead.
            Exits with 65 if an order is refused, 69 if no daemon responds, 77 without permission.

            Example: sendwarden unwatch camp_123
            """)

    @OptionGroup var list: WatchOptions

    func run() async throws { try await list.give(.unwatch) }
}

/// The arguments of orders about the watch list.
struct WatchOptions: ParsableArguments {
    @OptionGroup var control: ControlOption

    @Argument(help: ArgumentHelp("The campaigns' ids.", valueName: "campaign"))
    var campaigns: [String]

    @Option(help: ArgumentHelp("The reason; it is logged and stored in the ledger.", valueName: "text"))
    var reason: String?

    func validate() throws {
        for campaign in campaigns where CampaignID(campaign) == nil {
            throw ValidationError("'\(campaign)' is not a valid campaign id.")
        }
    }

    /// Gives one order for each campaign; continues after a refusal, and fails at the end.
    func give(_ act: Order.Act, _ complete: (inout OrderRequest) -> Void = { _ in }) async throws {
        var isRefused = false
        for campaign in campaigns.compactMap({ CampaignID($0) }) {
            var request = OrderRequest(act: act, campaign: campaign, reason: reason)
            complete(&request)
            let reply = try await control.order(request)
            if reply.accepted {
                StandardOutput.write(reply.message)
            } else {
                StandardError.write("error: \(reply.message)")
                isRefused = true
            }
        }
        if isRefused { throw ExitCode.dataError }
    }
}
