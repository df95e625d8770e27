import ArgumentParser
import Daemon
import FoundationEssentials
import Glibc
import Guard
import Journal
import Ledger
import Model
import NIOCore

/// What every order needs, and how it is given: over the control socket, by whoever the kernel says it is.
struct OrderOptions: ParsableArguments {
    @OptionGroup var control: ControlOption

    @Argument(help: ArgumentHelp("The campaign's id.", valueName: "campaign"))
    var campaign: String

    @Option(help: ArgumentHelp("Why; kept in the ledger and told in the journal.", valueName: "text"))
    var reason: String?

    func validate() throws {
        if CampaignID(campaign) == nil { throw ValidationError("'\(campaign)' cannot be a campaign's id.") }
    }

    /// How long the outcome is waited for.
    private static let waitMax: Duration = .seconds(30)

    /// Gives the order, asks again where force would be needed, and waits until it has come to something.
    func give(
        _ act: Order.Act, rule: String? = nil, seconds: Double? = nil, force: Bool = false
    ) async throws {
        guard let campaign = CampaignID(campaign) else { throw ExitCode.validationFailure }
        var request = OrderRequest(
            act: act, campaign: campaign, rule: rule, seconds: seconds, force: force, reason: reason)
        var reply = try await send(request)
        if reply.canBeForced, !force, Confirmation.ask("\(reply.message).\nDo it all the same?") {
            request.force = true
            reply = try await send(request)
        }
        guard reply.accepted else {
            let hint = reply.canBeForced && request.force != true ? "; --force overrules that" : ""
            StandardError.write("error: \(reply.message)\(hint)")
            throw ExitCode.dataError
        }
        print(reply.message)
        try await waitForOutcome(campaign, isAction: act == .pause || act == .resume)
    }

    private func send(_ request: OrderRequest) async throws -> OrderReply {
        let (status, body) = try await control.ask("POST", "/v1/orders", body: try ReadableJSON.text(request))
        guard let reply = try? ReadableJSON.value(OrderReply.self, from: Data(body.readableBytesView)) else {
            StandardError.write("error: the daemon answers HTTP \(status)")
            throw ExitCode.unavailable
        }
        return reply
    }

    /// What is under way is shown to its end, as far as that comes soon.
    private func waitForOutcome(_ campaign: CampaignID, isAction: Bool) async throws {
        let end = ContinuousClock.now + OrderOptions.waitMax
        var wasUnderWay = isAction
        while ContinuousClock.now < end {
            let (_, body) = try await control.ask("GET", ControlPath.explain.with([("subject", campaign.text)]))
            guard let explained = try? ReadableJSON.value(Explained.self, from: Data(body.readableBytesView)),
                let explanation = explained.campaign
            else { return }
            let isLaunching = ["judging", "releasing"].contains(explanation.launch?.state ?? "")
            let isMoving = [.pausing, .resuming, .releasing].contains(explanation.state) || isLaunching
            if !isMoving {
                if wasUnderWay { print("\(campaign) is \(explanation.state.rawValue)") }
                let isTrouble = explained.events.last.map { $0.event.hasSuffix("failed") || $0.event == "launch.held" }
                if wasUnderWay, isTrouble == true, let last = explained.events.last { print(last.message) }
                return
            }
            wasUnderWay = true
            try await Task.sleep(for: .milliseconds(200))
        }
        StandardError.write(
            "still under way after \(OrderOptions.waitMax.spokenText); the daemon goes on, and 'sendwarden explain "
                + "\(campaign)' shows how it stands")
    }
}

/// Asks the person at the terminal.
enum Confirmation {
    /// True where there is a person, and the answer is yes.
    static func ask(_ question: String) -> Bool {
        guard isatty(STDIN_FILENO) == 1, isatty(STDERR_FILENO) == 1 else { return false }
        StandardError.write(question + " [y/N]")
        return ["y", "yes"].contains(readLine()?.lowercased() ?? "")
    }
}
