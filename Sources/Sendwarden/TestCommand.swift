import ArgumentParser
import FoundationEssentials
import Glibc
import Journal
import Model
import Policy
import Rehearsal

/// `sendwarden test`: unit tests of a policy.
struct TestCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "test",
        abstract: "Test a policy against made-up numbers.",
        discussion: """
            A test file names a policy and gives series of numbers, acts of people, and what is expected of the guard \
            at which time; docs/testing.md explains it. The guard that is tested is the one that runs. Needs no key \
            and no network. A failed test shows what was expected, what came, the numbers behind it and what was told \
            until then.
            Exits with 0 if every test passes, 65 if one fails, 66 without such a file, 77 if one cannot be read, 78 \
            if the policy or a test file is refused.

            Example: sendwarden test config/examples/*.test.yaml
            """)

    @Argument(help: ArgumentHelp("Test files.", valueName: "file"))
    var files: [String]

    @Option(
        name: .customLong("run"),
        help: ArgumentHelp("Run only the tests whose names contain this.", valueName: "text"))
    var wanted: String?

    @Option(help: ArgumentHelp("Write the results as JUnit XML, too.", valueName: "file"))
    var junit: String?

    @Option(help: ArgumentHelp("Test this policy instead of the one that the files name.", valueName: "file"))
    var policy: String?

    /// What came of one file.
    private struct Report {
        var file: String
        var outcomes: [TestRunner.Outcome]
        var neverFired: [String]
    }

    func run() throws {
        var reports: [Report] = []
        for file in files { reports.append(try report(file)) }
        let outcomes = reports.flatMap(\.outcomes)
        let page = Page.terminal
        for report in reports { show(report, page) }
        let failed = outcomes.count { !$0.failures.isEmpty }
        if outcomes.isEmpty {
            StandardError.write("error: no test's name contains '\(CleanText.cleaned(wanted ?? ""))'")
            throw ExitCode.dataError
        }
        if let junit { try OutputFile.write(JUnit.text(reports.map { ($0.file, $0.outcomes) }), to: junit) }
        StandardOutput.write("\(outcomes.count - failed) passed, \(failed) failed")
        if failed > 0 { throw ExitCode.dataError }
    }

    private func report(_ path: String) throws -> Report {
        let source = try PolicyReading.source(path)
        let (file, diagnostics) = TestFileReader.read(source)
        if !diagnostics.isEmpty { StandardError.write(String(source.render(diagnostics).dropLast())) }
        guard let file else { throw ExitCode.badConfiguration }
        let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? ""
        let named = file.policy.hasPrefix("/") ? file.policy : folder + file.policy
        let policy = try PolicyReading.policy(policy ?? named)
        var runner = TestRunner(policy: policy)
        let chosen = file.tests.filter { test in wanted.map { test.name.contains($0) } ?? true }
        let outcomes = chosen.map { runner.run($0) }
        return Report(file: path, outcomes: outcomes, neverFired: wanted == nil ? runner.neverFired : [])
    }

    private func show(_ report: Report, _ page: Page) {
        StandardOutput.write(page.tinted(report.file, .bold))
        for outcome in report.outcomes {
            let checks = "\(outcome.checks) check\(outcome.checks == 1 ? "" : "s")"
            if outcome.failures.isEmpty {
                StandardOutput.write("  \(page.tinted("ok", .good))    \(outcome.name) (\(checks))")
                continue
            }
            StandardOutput.write("  \(page.tinted("FAIL", .bad))  \(outcome.name)")
            // What led to the first failure mostly explains the others.
            for (index, failure) in outcome.failures.enumerated() {
                show(failure, report.file, isWhole: index == 0, page)
            }
        }
        if !report.neverFired.isEmpty {
            for line in page.wrapped(
                "rules that no test made fire: \(report.neverFired.joined(separator: ", "))", indent: 2, hanging: 2)
            {
                StandardOutput.write(page.tinted(line, .doubtful))
            }
        }
    }

    private func show(_ failure: TestRunner.Failure, _ file: String, isWhole: Bool, _ page: Page) {
        let place = "\(file):\(failure.position.line):\(failure.position.column)"
        StandardOutput.write("    \(place): at \(failure.at.policyText)")
        for line in page.wrapped("expected: \(failure.expected)", indent: 6, hanging: 2) { StandardOutput.write(line) }
        for line in page.wrapped("got:      \(failure.got)", indent: 6, hanging: 2) { StandardOutput.write(line) }
        guard isWhole else { return }
        if !failure.evidence.isEmpty {
            let rows = failure.evidence.map { [$0.text, $0.outcome, $0.value] }
            for line in page.table(rows, isRight: [false, false, false], firstMax: page.width / 2) {
                StandardOutput.write(page.cut("      " + line))
            }
        }
        for line in failure.timeline {
            let time = line.at.policyText
            let text = "\(line.mark) \(time)\(String(repeating: " ", count: max(1, 8 - time.count)))\(line.text)"
            for wrapped in page.wrapped(text, indent: 6, hanging: 10) {
                StandardOutput.write(page.tinted(wrapped, line.mark == "-" ? .bad : .faint))
            }
        }
    }
}

/// Test results as JUnit's XML, which every CI reads.
enum JUnit {
    static func text(_ reports: [(file: String, outcomes: [TestRunner.Outcome])]) -> String {
        let all = reports.flatMap(\.outcomes)
        let failed = all.count { !$0.failures.isEmpty }
        var lines = ["<?xml version=\"1.0\" encoding=\"UTF-8\"?>"]
        lines.append("<testsuites tests=\"\(all.count)\" failures=\"\(failed)\">")
        for (file, outcomes) in reports {
            let failed = outcomes.count { !$0.failures.isEmpty }
            lines.append("  <testsuite name=\"\(escaped(file))\" tests=\"\(outcomes.count)\" failures=\"\(failed)\">")
            for outcome in outcomes {
                let head = "    <testcase classname=\"\(escaped(file))\" name=\"\(escaped(outcome.name))\""
                if outcome.failures.isEmpty {
                    lines.append(head + "/>")
                    continue
                }
                lines.append(head + ">")
                for failure in outcome.failures {
                    let message = "at \(failure.at.policyText) expected \(failure.expected), got \(failure.got)"
                    let told = failure.timeline.map { "\($0.mark) \($0.at.policyText) \($0.text)" }
                    lines.append(
                        "      <failure message=\"\(escaped(message))\">line \(failure.position.line)\n"
                            + escaped(told.joined(separator: "\n")) + "</failure>")
                }
                lines.append("    </testcase>")
            }
            lines.append("  </testsuite>")
        }
        return (lines + ["</testsuites>"]).joined(separator: "\n") + "\n"
    }

    /// Line by line, as a timeline is one of lines.
    private static func escaped(_ text: String) -> String {
        text.split(separator: "\n", omittingEmptySubsequences: false).map { MarkupText.escaped(String($0)) }
            .joined(separator: "\n")
    }
}
