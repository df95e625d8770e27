import Model
import TestSupport

/// Further rules of a random policy: a test for change, and a rule on groups of campaigns.
///
/// They have their own generator, so that the other choices of a seed stay as they are.
struct RandomRules {
    /// The parameters of a rule with `within`.
    struct Change: Sendable {
        var limit: Double
        var confidence: Double
        var within: Int
    }

    /// The parameters of a rule on groups.
    struct Group: Sendable {
        var limit: Double
        var resolvedMin: Int
        var pausesAll: Bool
    }

    /// Nil in half of the worlds.
    private(set) var change: Change?
    private(set) var group: Group?
    /// Hours of every day in UTC, from and to, in which nothing is started or resumed; nil in half of the worlds.
    private(set) var quiet: (from: Int, to: Int)?
    private var labelled = 0
    private var generator: SeededGenerator

    init(seed: UInt64) {
        generator = SeededGenerator(seed: seed ^ 0x5255_4c45_53)
        let limits = (pick([0.02, 0.05, 0.08]), pick([0.02, 0.04, 0.06]))
        let change = Change(limit: limits.0, confidence: pick([0.9, 0.99]), within: pick([200, 2000]))
        let group = Group(limit: limits.1, resolvedMin: pick([40, 150]), pausesAll: pick([false, true]))
        if pick([false, true]) { self.change = change }
        if pick([false, true]) { self.group = group }
        let quiet = (from: pick([0, 9, 18, 22]), to: pick([1, 6, 8, 17]))
        if pick([false, true]) { self.quiet = quiet }
    }

    /// True if the wall clock is in quiet hours.
    func isQuiet(_ wallClock: Instant) -> Bool {
        guard let quiet else { return false }
        let hour = Int(wallClock.milliseconds / 3_600_000 % 24)
        return quiet.from < quiet.to ? quiet.from <= hour && hour < quiet.to : hour >= quiet.from || hour < quiet.to
    }

    /// The quiet hours as the policy writes them, in two windows.
    var quietText: String {
        guard let quiet else { return "" }
        func time(_ hour: Int) -> String { (hour < 10 ? "0" : "") + "\(hour):00" }
        let (from, to) = (time(quiet.from), time(quiet.to))
        return "quiet: [{weekdays: sat-wed, from: \(from), to: \(to), tz: UTC}, "
            + "{weekdays: [thu, fri], from: \(from), to: \(to), tz: UTC}]\n"
    }

    private mutating func pick<Element>(_ choices: [Element]) -> Element {
        choices[Int.random(in: 0..<choices.count, using: &generator)]
    }

    /// The labels of the next campaign, as the policy writes them; most campaigns of a world share a team.
    mutating func labels() -> String {
        labelled += 1
        // A rule on groups is refused if no campaign has its label, and every campaign but one may be all there is.
        let team = pick(labelled <= 2 ? ["a", "a", "b"] : ["a", "a", "b", ""])
        return team.isEmpty ? "" : ", labels: {team: \(team)}"
    }

    /// The rules as the policy writes them.
    mutating func text() -> String {
        var text = ""
        if let change {
            text += """

                  - name: change
                    when: bounceRate > \(change.limit)
                    confidence: \(change.confidence)
                    within: \(change.within)
                    then: pause\(pick(["", "\n    resume: {after: 1h}"]))
                """
        }
        if let group {
            text += """

                  - name: team
                    on: group
                    by: team
                    when: bounceRate > \(group.limit) and resolved >= \(group.resolvedMin)
                    for: \(pick(["0s", "10m", "30m"]))
                    pauses: \(group.pausesAll ? "all" : "worst")
                    then: pause
                """
        }
        return text
    }
}
