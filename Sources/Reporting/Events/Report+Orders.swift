import Guard
import Model
import Policy

/// Builds the entries about people's orders.
extension Report {
    static func entry(_ order: Order, _ entry: CampaignEntry?, _ outcome: OrderOutcome) -> JournalEvent {
        let text = Phrase.text(outcome, order, entry)
        var fields = entry.map { Fields($0) } ?? Fields()
        fields[.campaign] = order.campaign.text
        fields[.order] = order.act.rawValue
        fields[.by] = order.by
        fields[.rule] = order.rule
        fields[.reason] = order.reason
        switch outcome {
        case .accepted:
            return JournalEvent(
                .orderAccepted, "accepted order '\(order.command)' from \(order.giver): \(text)", fields)
        case .refused:
            fields[.reason] = text
            return JournalEvent(.orderRefused, "refused order '\(order.command)' from \(order.giver): \(text)", fields)
        }
    }
}

extension Order {
    /// Who gave the order, and the reason if there is one.
    package var giver: String { by + (reason.map { ", \"\($0)\"" } ?? "") }

    /// The order as typed on the command line.
    var command: String {
        "\(act.rawValue) \(campaign)\(rule.map { " \($0)" } ?? "")\(isForced ? " --force" : "")"
    }
}
