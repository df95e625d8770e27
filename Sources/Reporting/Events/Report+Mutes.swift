package import Guard
import Model
import Policy

/// Builds the entries about maintenance windows and the orders that plan or cancel them.
extension Report {
    static func entry(_ order: MuteOrder, _ outcome: MuteOutcome) -> JournalEvent {
        let text = Phrase.text(outcome, order)
        var fields = Fields()
        fields[.order] = order.command.verb
        fields[.by] = order.by
        fields[.rule] = order.rule
        fields[.labels] = Phrase.list(order.labels)
        fields[.reason] = order.reason
        let whole = "'\(order.command.verb) \(order.command.rest)' from \(order.giver)"
        switch outcome {
        case .planned(let window, _): fields[.mute] = String(window.id)
        case .unmuted: break
        case .refused:
            fields[.reason] = text
            return JournalEvent(.orderRefused, "refused order \(whole): \(text)", fields)
        }
        return JournalEvent(.orderAccepted, "accepted order \(whole): \(text)", fields)
    }

    static func entry(_ window: MuteWindow, _ event: MuteWindowEvent) -> JournalEvent {
        var fields = Fields()
        fields[.mute] = String(window.id)
        fields[.by] = window.by
        fields[.rule] = window.rule
        fields[.labels] = Phrase.list(window.labels)
        fields[.begins] = window.startsAt.rfc3339
        fields[.until] = window.endsAt.rfc3339
        fields[.reason] = window.reason
        let name = Phrase.text(window)
        let times = "from \(window.startsAt.toTheSecond) until \(window.endsAt.toTheSecond)"
        switch event {
        case .planned(let count):
            return JournalEvent(
                .mutePlanned,
                "\(name) is planned \(times) by \(window.giver): \(Phrase.mutes(window)); \(Phrase.covers(count))",
                fields)
        case .begun(let count):
            return JournalEvent(
                .muteBegun,
                "\(name) begins, ordered by \(window.giver): \(Phrase.mutes(window)) until "
                    + "\(window.endsAt.toTheSecond); \(Phrase.covers(count))", fields)
        case .ended: return JournalEvent(.muteEnded, "\(name) is over: \(Phrase.pausesAgain(window))", fields)
        case .missed:
            return JournalEvent(
                .muteEnded, "\(name) muted nothing: its time, \(times), passed before it could begin", fields)
        case .cancelled(let person):
            fields[.by] = person
            return JournalEvent(
                .muteCancelled, "\(name) is cancelled by \(person): \(Phrase.pausesAgain(window))", fields)
        }
    }
}

extension MuteOrder {
    var giver: String { by + (reason.map { ", \"\($0)\"" } ?? "") }

    /// The order as typed on the command line.
    var command: (verb: String, rest: String) {
        let selection =
            labels.isEmpty
            ? "--all" : labels.sorted { $0.key < $1.key }.map { "--label \($0.key)=\($0.value)" }.joined(separator: " ")
        let rest = selection + (rule.map { " --rule \($0)" } ?? "")
        switch act {
        case .mute: return ("mute", rest)
        case .unmute: return ("unmute", rest)
        }
    }
}

extension MuteWindow {
    /// Who ordered it, and the reason if there is one.
    package var giver: String { by + (reason.map { ", \"\($0)\"" } ?? "") }
}

/// Maintenance windows in words.
extension Phrase {
    /// `maintenance window 12`.
    package static func text(_ window: MuteWindow) -> String { "maintenance window \(window.id)" }

    /// `region=eu, team=sales`; nil without labels.
    static func list(_ labels: [String: String]) -> String? {
        labels.isEmpty
            ? nil : labels.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: ", ")
    }

    private static func campaigns(_ labels: [String: String]) -> String {
        list(labels).map { "campaigns with \($0)" } ?? "all campaigns"
    }

    private static func rules(_ rule: String?) -> String { rule.map { "rule \($0)" } ?? "every rule that pauses" }

    /// `rule bounces is muted on campaigns with team=sales`.
    package static func mutes(_ window: MuteWindow) -> String {
        "\(rules(window.rule)) is muted on \(campaigns(window.labels))"
    }

    static func pausesAgain(_ window: MuteWindow) -> String {
        "\(rules(window.rule)) can pause \(campaigns(window.labels)) again"
    }

    static func covers(_ count: Int) -> String {
        switch count {
        case 0: "it covers no campaign now, and those that appear later"
        case 1: "it covers 1 campaign now, and those that appear later"
        default: "it covers \(count) campaigns now, and those that appear later"
        }
    }

    static func text(_ outcome: MuteOutcome, _ order: MuteOrder) -> String {
        switch outcome {
        case .planned(let window, let count):
            return "\(text(window)): \(mutes(window)) from \(window.startsAt.toTheSecond) until "
                + "\(window.endsAt.toTheSecond); \(covers(count))"
        case .unmuted(let windows, let unmuted, let remaining):
            var parts = windows.map { "\(text($0)) is cancelled" }
            if unmuted > 0 {
                parts.append("\(unmuted == 1 ? "1 campaign is" : "\(unmuted) campaigns are") no longer muted")
            }
            return (parts + remaining.map(stays)).joined(separator: "; ")
        case .refused(let refusal): return text(refusal, order)
        }
    }

    private static func stays(_ window: MuteWindow) -> String {
        "\(text(window)) stays: \(mutes(window)) until \(window.endsAt.toTheSecond)"
    }

    private static func text(_ refusal: MuteRefusal, _ order: MuteOrder) -> String {
        switch refusal {
        case .noSuchRule(let rule, let nearest):
            "no rule named \(rule) pauses campaigns, and only rules that pause can be muted"
                + NearestName.suggestion(nearest)
        case .over(let end): "the window would have been over at \(end.toTheSecond)"
        case .tooFarAhead(let start): "\(start.toTheSecond) is more than a year ahead"
        case .tooManyWindows(let most):
            "\(most) maintenance windows are already planned or in force, which is the limit"
        case .nothingMuted(let remaining):
            (["no mute of \(rules(order.rule)) is only on \(campaigns(order.labels))"] + remaining.map(stays))
                .joined(separator: "; ")
        }
    }
}
