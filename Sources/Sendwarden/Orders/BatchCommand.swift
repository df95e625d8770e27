import ArgumentParser
import Daemon
import FoundationEssentials
import Guard
import Journal
import Model
import NIOCore
import Reporting

/// Gives an order to several campaigns in one request.
struct BatchCommand {
    /// The most campaigns that a confirmation lists.
    private static let listedMax = 20

    let control: ControlOption
    var request: OrderBatchRequest
    let isJSON: Bool

    /// Gives the order; one line for each campaign, and exit code 65 if one is refused.
    func run() async throws {
        let reply = try await ask(request)
        if isJSON {
            StandardOutput.write(try ReadableJSON.text(reply.replies))
        } else {
            for one in reply.replies {
                let hint = one.canBeForced && request.force != true ? "; --force overrides this" : ""
                if one.accepted {
                    StandardOutput.write(one.message)
                } else {
                    StandardError.write("error: \(one.message)\(hint)")
                }
            }
        }
        guard reply.replies.allSatisfy(\.accepted) else { throw ExitCode.dataError }
    }

    /// Lists the selected campaigns and asks whether they are meant; returns the order on exactly these.
    func confirmed(_ selection: SelectionOptions) async throws -> BatchCommand {
        if selection.yes { return self }
        guard Confirmation.isPossible else {
            throw ValidationError("--label and --all need --yes where nobody can be asked for confirmation.")
        }
        var preview = request
        preview.preview = true
        let reply = try await ask(preview)
        let count = reply.selected.count
        let lines = reply.selected.prefix(BatchCommand.listedMax).map { campaign in
            let name = campaign.name.map { " \"\($0)\"" } ?? ""
            return CleanText.cleaned("\(campaign.campaign)\(name)" + (campaign.state.map { ": \($0)" } ?? ""))
        }
        let rest = count > lines.count ? ["and \(count - lines.count) more"] : []
        let question =
            "\(verb) \(count == 1 ? "1 campaign" : "\(count) campaigns")\(selection.text)\(later):\n"
            + (lines + rest).map { "  \($0)\n" }.joined() + "Proceed?"
        guard Confirmation.ask(question) else {
            StandardError.write("error: not confirmed; nothing was ordered")
            throw ExitCode.dataError
        }
        var command = self
        command.request.digest = reply.digest
        return command
    }

    private var isUnmute: Bool { request.act == .mute && request.seconds == 0 }

    private var verb: String { isUnmute ? "unmute" : request.act.rawValue }

    /// A maintenance window covers more than the listed campaigns.
    private var later: String { request.act == .mute && !isUnmute ? ", and those that appear later" : "" }

    private func ask(_ request: OrderBatchRequest) async throws -> OrderBatchReply {
        let (status, body) = try await control.ask("POST", "/v1/orders/batch", body: try ReadableJSON.text(request))
        guard let reply = try? ReadableJSON.value(OrderBatchReply.self, from: Data(body.readableBytesView)) else {
            StandardError.write("error: \(ControlOption.refusal(status, body))")
            throw status == 400 ? ExitCode.dataError : ExitCode.unavailable
        }
        if let refusal = reply.refusal {
            StandardError.write("error: \(refusal)")
            throw ExitCode.dataError
        }
        return reply
    }
}
