@testable import Guard
import Model
import Policy

extension Fixture {
    /// Maintenance windows, and the orders about them.
    static func mutes() -> [Fixture] {
        let noon = FixtureWorld.noon
        let anna = "anna (uid 1000, pid 4711)"
        let sales = ["team": "sales"]
        let window = MuteWindow(
            id: 12, labels: sales, rule: nil, startsAt: noon, endsAt: noon + .seconds(7200), by: anna,
            reason: "list migration")
        let all = MuteWindow(
            id: 13, labels: [:], rule: "bounce-rate", startsAt: noon, endsAt: noon + .seconds(7200), by: anna)
        let mute = MuteOrder(
            .mute(from: noon, lasts: .seconds(7200)), labels: sales, reason: "list migration", by: anna)
        let muteAll = MuteOrder(.mute(from: nil, lasts: nil), labels: [:], rule: "bounce-rate", by: anna)
        let unmute = MuteOrder(.unmute, labels: sales, by: anna)
        let outcomes: [(String, MuteOrder, MuteOutcome)] = [
            ("a maintenance window is ordered", mute, .planned(window, campaigns: 3)),
            ("a maintenance window for all is ordered", muteAll, .planned(all, campaigns: 1)),
            ("mutes are ended", unmute, .unmuted([window], unmuted: 2, remaining: [all])),
            ("there is no such rule to mute", muteAll, .refused(.noSuchRule("bounce", nearest: "bounce-rate"))),
            ("a maintenance window is over", mute, .refused(.over(noon))),
            ("a maintenance window is far ahead", mute, .refused(.tooFarAhead(noon))),
            ("there are too many maintenance windows", mute, .refused(.tooManyWindows(100))),
            ("there is nothing to unmute", unmute, .refused(.nothingMuted(remaining: [all]))),
        ]
        let events: [(String, MuteWindow, MuteWindowEvent)] = [
            ("is planned", window, .planned(campaigns: 0)),
            ("begins", window, .begun(campaigns: 3)),
            ("of one rule begins", all, .begun(campaigns: 20)),
            ("ends", window, .ended),
            ("passed", window, .missed),
            ("is cancelled", window, .cancelled(by: "bob (uid 1001, pid 4712)")),
        ]
        return outcomes.map { Fixture("an order: \($0)", .muteOrder($1, $2)) }
            + events.map { Fixture("a maintenance window \($0)", .muteWindow($1, $2)) }
    }

    static func recalledLists() -> [Fixture] {
        let files = ["/etc/sendwarden/sales.txt", "/etc/sendwarden/ops.txt"]
        return [
            Fixture("a file was emptied", .listRecalled(files: Array(files.prefix(1)), campaigns: 1)),
            Fixture("files were emptied", .listRecalled(files: files, campaigns: 40)),
        ]
    }

    static func ruleEnds(_ world: FixtureWorld) -> [Fixture] {
        let group = GroupLabel(by: "team", value: "sales", campaigns: 4, counted: 4)
        let ends: [(String, RuleTransition.Subject, RuleEnd, Bool)] = [
            ("a firing rule is removed", .campaign(world.sales.entry), .removed, true),
            ("a pending rule is changed", .pool(PoolID(unchecked: "pool_a")), .changed, false),
            ("the group of a firing rule is gone", .group(group), .unwatched, true),
        ]
        return ends.map { Fixture($0, .ruleEnded("bounce-rate", $1, $2, $3)) }
    }
}
