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

    @Argument(help: ArgumentHelp("The campaign's id.", valueName: "campaign"))
    var campaign: String

    @Option(help: ArgumentHelp("The reason; it is logged and stored in the ledger.", valueName: "text"))
    var reason: String?

    func validate() throws {
        if CampaignID(campaign) == nil { throw ValidationError("'\(campaign)' is not a valid campaign id.") }
    }

    /// How long the command waits for the outcome.
    private static let waitMax: Duration = .seconds(30)

    /// Gives the order, asks for confirmation if it needs force, and waits for the outcome.
    func give(
        _ act: Order.Act, rule: String? = nil, seconds: Double? = nil, force: Bool = false
    ) async throws {
        guard let campaign = CampaignID(campaign) else { throw ExitCode.validationFailure }
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
            throw ExitCode.unavailable
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
    /// True if stdin and stderr are a terminal and the answer is yes.
    static func ask(_ question: String) -> Bool {
        guard isatty(STDIN_FILENO) == 1, isatty(STDERR_FILENO) == 1 else { return false }
        StandardError.write(question + " [y/N]")
        return ["y", "yes"].contains(readLine()?.lowercased() ?? "")
    }
}
