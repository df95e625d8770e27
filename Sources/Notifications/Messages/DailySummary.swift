import Guard
import Model
import Policy
import Reporting

/// Writes the daily summary of one receiver.
enum DailySummary {
    /// The most lines of one list.
    private static let linesMax = 10

    static func text(
        _ entries: [DayBook.Entry], _ status: GuardStatus, _ policy: CheckedPolicy, for receiver: Receiver
    ) -> String {
        let own = Set(policy.campaigns.filter { $0.labels.hasAll(receiver.labels) }.map(\.id.text))
        let isAll = receiver.labels.isEmpty
        var lines = ["Now: \(status.summary)"]
        let campaigns = status.campaigns.filter { isAll || own.contains($0.id.text) }
        if !isAll { lines = ["Now: \(campaigns.count) campaigns with \(labels(receiver))"] }
        for (kind, heading) in DayBook.headings {
            let found = entries.filter { $0.kind == kind && (isAll || own.contains($0.campaign ?? "")) }
            list("\(heading) in the last 24 hours", found.map { "\($0.at.clockTime) \($0.message)" }, &lines)
        }
        list("paused now", campaigns.filter { $0.state == .paused }.map(\.display), &lines)
        var subjects = campaigns.map { (name: $0.display, rules: $0.rules) }
        subjects += status.groups.filter { $0.labels.hasAll(receiver.labels) }.map { ($0.text, $0.rules) }
        if isAll { subjects += status.pools.map { ("pool \($0.id)", $0.rules) } }
        let firing = subjects.flatMap { subject in
            subject.rules.filter { $0.state == .firing }.map { "rule \($0.name) on \(subject.name)" }
        }
        list("rules firing now", firing, &lines)
        var unguarded = campaigns.compactMap { campaign -> String? in
            if campaign.isMissing { return "\(campaign.display): the platform does not know it" }
            if campaign.isStale { return "\(campaign.display): no fresh stats" }
            let lacking = campaign.rules.filter { $0.noData != nil }.map(\.name)
            return lacking.isEmpty ? nil : "\(campaign.display): no data for rule \(lacking.joined(separator: ", "))"
        }
        unguarded += subjects.dropFirst(campaigns.count).compactMap { subject in
            let lacking = subject.rules.filter { $0.noData != nil }.map(\.name)
            return lacking.isEmpty ? nil : "\(subject.name): no data for rule \(lacking.joined(separator: ", "))"
        }
        list("not guarded now", unguarded, &lines)
        return lines.joined(separator: "\n")
    }

    private static func labels(_ receiver: Receiver) -> String {
        receiver.labels.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: ", ")
    }

    private static func list(_ heading: String, _ entries: [String], _ lines: inout [String]) {
        lines.append("\(heading): \(entries.isEmpty ? "none" : "\(entries.count)")")
        // The newest are last.
        let shown = entries.suffix(linesMax)
        if shown.count < entries.count { lines.append("- \(entries.count - shown.count) earlier ones") }
        lines += shown.map { "- \($0)" }
    }
}

extension GuardStatus.CampaignStatus {
    fileprivate var display: String { name.map { "\(id) \"\($0)\"" } ?? id.text }
}
