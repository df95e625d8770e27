import Guard
import Model
import Policy
import Testing

/// Rule states as timelines: one character per minute, with samples above and transitions below.
///
/// Samples: `x` breach, `.` ok, `?` unknown, `!` error, `_` none. Transitions: `P` pending, `F` firing, `C` cleared.
@Suite struct RuleStateTests {
    struct Timeline: CustomTestStringConvertible, Sendable {
        var name: String
        var forClause: Rule.For
        var samples: String
        var expected: String
        var testDescription: String { name }
    }

    static let minute = Duration.seconds(60)

    static let timelines: [Timeline] = [
        Timeline(
            name: "without `for` it fires at once", forClause: .duration(.zero), samples: "..x.", expected: "--FC"),
        Timeline(
            name: "it stays firing without a word", forClause: .duration(.zero), samples: "xxx.x", expected: "F--CF"),
        Timeline(
            name: "it fires when the breach has lasted", forClause: .duration(minute * 2), samples: "xxxx",
            expected: "P-F-"),
        Timeline(
            name: "a good sample restarts it", forClause: .duration(minute * 2), samples: "xx.xxx", expected: "P-CP-F"),
        Timeline(
            name: "unknown neither fires nor clears", forClause: .duration(minute * 2), samples: "x??x",
            expected: "P--F"),
        Timeline(name: "unknown alone never fires", forClause: .duration(minute), samples: "?????", expected: "-----"),
        Timeline(
            name: "unknown after a breach never fires", forClause: .duration(minute), samples: "x????",
            expected: "P----"),
        Timeline(
            name: "an error neither fires nor clears", forClause: .duration(minute * 2), samples: "x!x", expected: "P-F"
        ),
        Timeline(
            name: "one missed poll counts its time", forClause: .duration(minute * 2), samples: "x_x", expected: "P-F"),
        Timeline(
            name: "time beyond the gap does not count", forClause: .duration(minute * 2), samples: "x____x",
            expected: "P-----"),
        Timeline(
            name: "three good samples in a row confirm a breach across gaps", forClause: .duration(minute * 2),
            samples: "x____x____x", expected: "P---------F"),
        Timeline(
            name: "three good samples in a row confirm a breach across errors", forClause: .duration(minute * 2),
            samples: "x!!!!x!!!!x", expected: "P---------F"),
        Timeline(
            name: "two good samples confirm nothing", forClause: .duration(minute * 2), samples: "x!!!!x!!!!",
            expected: "P---------"),
        Timeline(
            name: "three good samples that do not span `for` wait", forClause: .duration(minute * 5), samples: "xxxxxx",
            expected: "P----F"),
        Timeline(
            name: "a good sample between them starts from scratch", forClause: .duration(minute * 2),
            samples: "x____x____.____x____x", expected: "P---------C----P-----"),
        Timeline(
            name: "unknown samples confirm nothing", forClause: .duration(minute * 2), samples: "x????x????????",
            expected: "P-------------"),
        Timeline(name: "firing survives errors", forClause: .duration(minute), samples: "xx!?_.", expected: "PF---C"),
        Timeline(
            name: "a flapping condition never fires", forClause: .duration(minute), samples: "x.x.x.",
            expected: "PCPCPC"),
        Timeline(
            name: "3 of 5 fires at the third", forClause: .count(breaches: 3, samples: 5), samples: "x.x.x",
            expected: "P---F"),
        Timeline(
            name: "3 of 5 forgets old breaches", forClause: .count(breaches: 3, samples: 5), samples: "xx....x.x",
            expected: "P--------"),
        Timeline(
            name: "3 of 5 ignores errors", forClause: .count(breaches: 3, samples: 5), samples: "x!?x__x",
            expected: "P-----F"),
        Timeline(
            name: "3 of 5 clears when too few are left", forClause: .count(breaches: 3, samples: 5), samples: "xxx...",
            expected: "P-F--C"),
        Timeline(name: "1 of 1 is at once", forClause: .count(breaches: 1, samples: 1), samples: "x.", expected: "FC"),
        Timeline(
            name: "60 of 60 needs them all", forClause: .count(breaches: 60, samples: 60),
            samples: String(repeating: "x", count: 60), expected: "P" + String(repeating: "-", count: 58) + "F"),
    ]

    @Test(arguments: timelines)
    func passesThroughItsStates(_ timeline: Timeline) {
        var state = RuleState()
        var now = Instant(milliseconds: 0)
        var transitions = ""
        for sample in timeline.samples {
            let outcome: RuleState.Outcome? =
                switch sample {
                case "x": .breach
                case ".": .ok
                case "?": .unknown
                case "!": .error
                default: nil
                }
            let change = outcome.flatMap {
                state.observe($0, at: now, for: timeline.forClause, maxGap: Self.minute * 3)
            }
            switch change {
            case .pending: transitions += "P"
            case .firing: transitions += "F"
            case .cleared: transitions += "C"
            case nil: transitions += "-"
            }
            now = now + Self.minute
        }
        #expect(transitions == timeline.expected)
    }

    @Test func timeGoingBackwardsNeitherFiresNorClears() {
        var state = RuleState()
        let start = Instant(milliseconds: 3_600_000)
        let clause = Rule.For.duration(.seconds(120))
        #expect(state.observe(.breach, at: start, for: clause, maxGap: .seconds(180)) == .pending)
        for step in 1...10 {
            let earlier = start - .seconds(60 * step)
            #expect(state.observe(.breach, at: earlier, for: clause, maxGap: .seconds(180)) == nil)
        }
        #expect(!state.isFiring)
    }
}
