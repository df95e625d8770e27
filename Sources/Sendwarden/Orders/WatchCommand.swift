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
        for text in [name, workspace].compactMap({ $0 }) + labels where text != CleanText.cleaned(text) {
            throw ValidationError("'\(CleanText.cleaned(text))' contains a control character.")
        }
    }

    func run() async throws {
        let labels = LabelOption.labels(labels)
        let settings = WatchSettings(
            workspace: workspace.map { WorkspaceName($0) }, name: name, pool: pool.flatMap { PoolID($0) },
            labels: labels.isEmpty ? nil : labels)
        var request = OrderBatchRequest(.watch, reason: list.reason)
        request.campaigns = list.campaigns.compactMap { CampaignID($0) }
        request.watch = settings
        try await BatchCommand(control: list.control, request: request, isJSON: list.json).run()
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
            --label and --all select campaigns that 'watch' added; the command lists them and asks for confirmation.
            Exits with 65 if an order is refused, 69 if no daemon responds, 77 without permission.

            Example: sendwarden unwatch camp_123
            Example: sendwarden unwatch --label team=sales
            """)

    @OptionGroup var order: OrderOptions

    @OptionGroup var selection: SelectionOptions

    func validate() throws { try order.check(selection) }

    func run() async throws {
        try await order.give(.unwatch, selection)
    }
}

/// The arguments of orders about the watch list.
struct WatchOptions: ParsableArguments {
    @OptionGroup var control: ControlOption

    @Argument(help: ArgumentHelp("The campaigns' ids.", valueName: "campaign"))
    var campaigns: [String]

    @Option(help: ArgumentHelp("The reason; it is logged and stored in the ledger.", valueName: "text"))
    var reason: String?

    @Flag(help: "Print the replies as a JSON list.")
    var json = false

    func validate() throws {
        for campaign in campaigns where CampaignID(campaign) == nil {
            throw ValidationError("'\(campaign)' is not a valid campaign id.")
        }
    }
}
