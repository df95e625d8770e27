import Guard
import Model
import Policy

/// Builds the entries about the list of watched campaigns.
extension Report {
    /// The most ids that one sentence names.
    private static let namedMax = 5

    static func entry(_ change: WatchListChange) -> JournalEvent {
        var parts: [String] = []
        if !change.removed.isEmpty {
            parts.append("no longer watched: \(list(change.removed.map(\.id.text)))")
        }
        if !change.added.isEmpty { parts.append("newly watched: \(list(change.added.map(\.text)))") }
        var fields = Fields()
        fields[.added] = String(change.added.count)
        fields[.removed] = String(change.removed.count)
        let count = "\(change.count) campaign\(change.count == 1 ? "" : "s")"
        return JournalEvent(
            .watchChanged, priority: change.removed.isEmpty ? .info : .notice,
            "watching \(count); \(parts.joined(separator: "; "))", fields)
    }

    static func listRecalled(_ files: [String], _ count: Int) -> JournalEvent {
        var fields = Fields()
        fields[.reason] = files.joined(separator: ", ")
        let these =
            count == 1 ? "the campaign that it listed before stays" : "the \(count) campaigns listed before stay"
        return JournalEvent(
            .watchRecalled,
            "\(files.joined(separator: ", ")) list\(files.count == 1 ? "s" : "") no campaign; \(these) watched until "
                + "\(files.count == 1 ? "it lists" : "they list") campaigns again; to watch none, write 'campaigns: []' in "
                + "the policy and run 'sendwarden reload'", fields)
    }

    static func entry(_ watch: Watch, _ obstacle: WatchObstacle) -> JournalEvent {
        var fields = Fields()
        fields[.campaign] = watch.campaign.text
        fields[.reason] = Phrase.text(obstacle)
        fields[.by] = watch.by
        return JournalEvent(
            .watchRefused,
            "campaign \(watch.campaign) is not watched, although \(watch.by) ordered it: \(Phrase.text(obstacle))",
            fields)
    }

    private static func list(_ names: [String]) -> String {
        let more = names.count - namedMax
        return names.prefix(namedMax).joined(separator: ", ") + (more > 0 ? " and \(more) more" : "")
    }
}

extension Phrase {
    static func text(_ obstacle: WatchObstacle) -> String {
        func list<Name: CustomStringConvertible>(_ names: [Name]) -> String {
            names.map(\.description).joined(separator: ", ")
        }
        switch obstacle {
        case .unknownWorkspace(let name, let known):
            return "the policy has no workspace \(name) that sends campaigns"
                + (known.isEmpty ? "" : "; it has \(list(known))")
        case .severalWorkspaces(let names):
            return names.isEmpty
                ? "the policy has no workspace that sends campaigns"
                : "its workspace is ambiguous; name one with --workspace: \(list(names))"
        case .severalPools(let names):
            return "its workspace has several pools; name one with --pool: \(list(names))"
        case .unreportedPool(let pool):
            return "the platform reports no volume of pool \(pool); define it under 'pools:' in the policy"
        case .tooManyCampaigns(let most): return "\(most) campaigns are already watched, which is the limit"
        }
    }

    /// Where to check the id of a campaign that the platform does not know.
    static func checkID(_ entry: CampaignEntry) -> String {
        switch entry.origin {
        case .policy: "check its id in the policy"
        case .file(let path): "check its id in \(path)"
        case .order: "check its id, and end the watch of a wrong one with 'sendwarden unwatch \(entry.id)'"
        }
    }

    /// Who put the campaign on the watch list.
    static func text(_ origin: CampaignEntry.Origin) -> String {
        switch origin {
        case .policy: "the policy"
        case .file(let path): path
        case .order(let person): "an order of \(person)"
        }
    }
}
