import ArgumentParser
import FoundationEssentials
import Glibc
import Journal
import Model
import Pages
import Policy
import Rehearsal

/// `sendwarden test`: runs a policy's unit tests.
struct TestCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "test",
        abstract: "Run a policy's unit tests.",
        discussion: """
            A test file names a policy and contains series of counters, actions of people, and the expected decisions \
            with their times; docs/testing.md describes the format. Tests run the same guard as the daemon, without a \
            key or network. A failed test shows the expected and the actual outcome, the values behind it, and the \
            events up to then.
            Exits with 0 if every test passes, 65 if one fails, 66 if a file does not exist, 77 if one cannot be read, \
            78 if the policy or a test file is not valid.

            Example: sendwarden test config/examples/*.test.yaml
            """)

    @Argument(help: ArgumentHelp("The test files.", valueName: "file"))
    var files: [String]

    @Option(
        name: .customLong("run"),
        help: ArgumentHelp("Run only tests whose name contains this text.", valueName: "text"))
    var nameFilter: String?

    @Option(help: ArgumentHelp("Also write the results to this file, as JUnit XML.", valueName: "file"))
    var junit: String?

    @Option(help: ArgumentHelp("Test this policy instead of those that the files name.", valueName: "file"))
    var policy: String?

    /// The outcome of one file.
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
            StandardError.write("error: no test name contains '\(CleanText.cleaned(nameFilter ?? ""))'")
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
        let chosen = file.tests.filter { test in nameFilter.map { test.name.contains($0) } ?? true }
        let outcomes = chosen.map { runner.run($0) }
        return Report(file: path, outcomes: outcomes, neverFired: nameFilter == nil ? runner.neverFired : [])
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
            // The timeline of the first failure usually explains the others.
            for (index, failure) in outcome.failures.enumerated() {
                show(failure, report.file, isWhole: index == 0, page)
            }
        }
        if !report.neverFired.isEmpty {
            for line in page.wrapped(
                "rules that no test fires: \(report.neverFired.joined(separator: ", "))", indent: 2, hanging: 2)
            {
                StandardOutput.write(page.tinted(line, .doubtful))
            }
        }
    }

    private func show(_ failure: TestRunner.Failure, _ file: String, isWhole: Bool, _ page: Page) {
        let location = "\(file):\(failure.position.line):\(failure.position.column)"
        StandardOutput.write("    \(location): at \(failure.at.policyText)")
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

/// Test results as JUnit XML.
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
                    let events = failure.timeline.map { "\($0.mark) \($0.at.policyText) \($0.text)" }
                    lines.append(
                        "      <failure message=\"\(escaped(message))\">line \(failure.position.line)\n"
                            + escaped(events.joined(separator: "\n")) + "</failure>")
                }
                lines.append("    </testcase>")
            }
            lines.append("  </testsuite>")
        }
        return (lines + ["</testsuites>"]).joined(separator: "\n") + "\n"
    }

    /// Escapes each line by itself, because cleaning would join them.
    private static func escaped(_ text: String) -> String {
        text.split(separator: "\n", omittingEmptySubsequences: false).map { MarkupText.escaped(String($0)) }
            .joined(separator: "\n")
    }
}
