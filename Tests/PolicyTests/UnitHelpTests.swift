import Policy
import Testing

/// What the help for a comparison of two units tells to write.
@Suite struct UnitHelpTests {
    @Test(arguments: [
        (#"hour("UTC") > 8h"#, #"hour("UTC") is a plain number: write hour("UTC") > 8"#),
        (#"8h <= hour("UTC")"#, #"hour("UTC") is a plain number: write 8 <= hour("UTC")"#),
        (#"weekday("UTC") > 5%"#, #"weekday("UTC") is a plain number: write weekday("UTC") > 5"#),
        (#"hour("UTC") > sent"#, #"hour("UTC") is a plain number, not a count"#),
        ("8 > age(stats)", "add a unit to the number: 8m > age(stats)"),
        ("age(stats) > 8", "add a unit to the number: age(stats) > 8m"),
        ("bounceRate > 5", "did you mean bounceRate > 5%?"), ("bounced > 5%", "did you mean bounceRate > 5%?"),
    ])
    func theHelpIsValid(_ condition: String, _ help: String) {
        let outcome = PolicyLoader.load(
            SourceFile(name: "p", text: SamplePolicy.text(when: condition)))
        #expect(outcome.diagnostics.first?.help == help)
        guard let suggested = help.split(separator: ": write ").dropFirst().first else { return }
        #expect(
            PolicyLoader.load(SourceFile(name: "p", text: SamplePolicy.text(when: String(suggested)))).policy != nil)
    }
}
