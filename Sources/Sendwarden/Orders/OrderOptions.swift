import ArgumentParser
import Daemon
import FoundationEssentials
import Glibc
import Guard
import Journal
import Ledger
import Model
import NIOCore
import Reporting

/// The arguments of every order; orders go over the control socket, so the kernel identifies who gives them.
struct OrderOptions: ParsableArguments {
    @OptionGroup var control: ControlOption

    @Argument(help: ArgumentHelp("The campaigns' ids.", valueName: "campaign"))
    var campaigns: [String] = []

    @Option(help: ArgumentHelp("The reason; it is logged and stored in the ledger.", valueName: "text"))
    var reason: String?

    @Flag(help: "Print the replies as a JSON list, without waiting for the outcome.")
    var json = false

    func validate() throws {
        for campaign in campaigns where CampaignID(campaign) == nil {
            throw ValidationError("'\(campaign)' is not a valid campaign id.")
        }
    }

    /// Refuses a command without campaigns, or with two ways to select them.
    func check(_ selection: SelectionOptions?) throws {
        guard let selection else {
            if campaigns.isEmpty { throw ValidationError("Name at least one campaign.") }
            return
        }
        if campaigns.isEmpty, !selection.isUsed {
            throw ValidationError("Name at least one campaign, or select campaigns with --label or --all.")
        }
        if !campaigns.isEmpty, selection.isUsed {
            throw ValidationError("Name campaigns, or select them with --label or --all, but not both.")
        }
    }

    /// How long the command waits for the outcome.
    private static let waitMax: Duration = .seconds(30)

    /// Gives the order, asks for confirmation if it needs force, and waits for the outcome if it is on one campaign.
    func give(
        _ act: Order.Act, _ selection: SelectionOptions? = nil, rule: String? = nil, seconds: Double? = nil,
        at: Instant? = nil, force: Bool = false
    ) async throws {
        let ids = campaigns.compactMap { CampaignID($0) }
        guard ids.count == 1, !json, let campaign = ids.first else {
            var batch = OrderBatchRequest(act, rule: rule, seconds: seconds, force: force, reason: reason)
            if let selection, selection.isUsed {
                batch.at = at
                batch.labels = LabelOption.labels(selection.labels)
                batch.all = selection.all ? true : nil
                return try await BatchCommand(control: control, request: batch, isJSON: json).confirmed(selection).run()
            }
            batch.campaigns = ids
            return try await BatchCommand(control: control, request: batch, isJSON: json).run()
        }
        var request = OrderRequest(
            act: act, campaign: campaign, rule: rule, seconds: seconds, force: force, reason: reason)
        var reply = try await control.order(request)
        if reply.canBeForced, !force, Confirmation.ask("\(reply.message).\nProceed anyway?") {
            request.force = true
            reply = try await control.order(request)
        }
        guard reply.accepted else {
            let hint = reply.canBeForced && request.force != true ? "; --force overrides this" : ""
            StandardError.write("error: \(reply.message)\(hint)")
            throw ExitCode.dataError
        }
        StandardOutput.write(reply.message)
        try await waitForOutcome(campaign, wanted: act.outcome, isAction: act == .pause || act == .resume)
    }

    /// - Parameter hasHistory: false for what the daemon knows without its ledger, which may not respond.
    private func explained(_ campaign: CampaignID, hasHistory: Bool) async throws -> Explained? {
        let query = [("subject", campaign.text), ("history", hasHistory ? nil : "none")]
        let (_, body) = try await control.ask("GET", ControlPath.explain.with(query))
        return try? ReadableJSON.value(Explained.self, from: Data(body.readableBytesView))
    }

    /// Waits until the campaign's requests have finished, up to ``waitMax``, and prints the outcome.
    ///
    /// - Parameter wanted: the state that needs no further word; for any other, the history may have a reason.
    private func waitForOutcome(_ campaign: CampaignID, wanted: CampaignState?, isAction: Bool) async throws {
        let end = ContinuousClock.now + OrderOptions.waitMax
        var wasUnderWay = isAction
        while ContinuousClock.now < end {
            guard let explanation = try await explained(campaign, hasHistory: false)?.campaign else { return }
            let isLaunching = ["judging", "releasing"].contains(explanation.launch?.state ?? "")
            let isMoving = [.pausing, .resuming, .starting].contains(explanation.state) || isLaunching
            if !isMoving {
                guard wasUnderWay else { return }
                StandardOutput.write("\(campaign) is \(explanation.state.rawValue)")
                if explanation.state != wanted, let last = try await explained(campaign, hasHistory: true)?.events.last,
                    last.event.hasSuffix("failed") || ["launch.held", "campaign.already_paused"].contains(last.event)
                {
                    StandardOutput.write(last.message)
                }
                return
            }
            wasUnderWay = true
            try await Task.sleep(for: .milliseconds(200))
        }
        StandardError.write(
            "not finished after \(OrderOptions.waitMax.spokenText); the daemon continues; 'sendwarden explain "
                + "\(campaign)' shows the state")
    }
}

extension ControlOption {
    /// Gives an order; reports a failure on stderr and throws the exit code.
    func order(_ request: OrderRequest) async throws -> OrderReply {
        let (status, body) = try await ask("POST", "/v1/orders", body: try ReadableJSON.text(request))
        guard let reply = try? ReadableJSON.value(OrderReply.self, from: Data(body.readableBytesView)) else {
            StandardError.write("error: \(ControlOption.refusal(status, body))")
            // What is wrong with the order itself is no fault of the daemon.
            throw status == 400 ? ExitCode.dataError : ExitCode.unavailable
        }
        return reply
    }
}

extension Order.Act {
    /// The campaign's state once the order is carried out; nil where it changes none.
    fileprivate var outcome: CampaignState? {
        switch self {
        case .pause: .paused
        case .resume, .release: .running
        case .hold, .mute, .watch, .unwatch: nil
        }
    }
}

/// Asks for confirmation on the terminal.
enum Confirmation {
    /// True if stdin and stderr are a terminal.
    static var isPossible: Bool { isatty(STDIN_FILENO) == 1 && isatty(STDERR_FILENO) == 1 }

    /// True if stdin and stderr are a terminal and the answer is yes.
    static func ask(_ question: String) -> Bool {
        guard isPossible else { return false }
        StandardError.write(question + " [y/N]")
        return ["y", "yes"].contains(readLine()?.lowercased() ?? "")
    }
}
