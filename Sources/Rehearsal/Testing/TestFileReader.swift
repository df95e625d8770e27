import Guard
import Model
package import Policy
import Yams
import Reporting

/// Reads a policy test file; every error has a position.
package struct TestFileReader {
    package static let testsMax = 1000
    private static let longest: Duration = .seconds(400 * 86400)
    /// The start of virtual time, unless the file sets another.
    private static let standardStart = "2026-12-01T09:00:00Z"
    private static let counters =
        ["totalEnrolled", "sent", "delivered", "bounced", "replied", "queued"] + optionalCounters
    /// Unknown unless a test gives them.
    private static let optionalCounters = ["hardBounced", "softBounced", "complained", "unsubscribed", "deferred"]
    private static let rates = ["openRate", "replyRate"]

    private let reader: FieldReader
    private var start = Instant(rfc3339: standardStart) ?? Instant(milliseconds: 0)
    private var interval: Duration = .seconds(60)
    private var mode: Mode?

    /// The file's tests, or every error in it.
    package static func read(_ source: SourceFile) -> (file: PolicyTestFile?, diagnostics: [Diagnostic]) {
        let reader = FieldReader(source)
        switch YAMLDocument.compose(source) {
        case .failure(let fault):
            reader.add(Diagnostic(.error, at: fault.position, width: fault.width, fault.message, help: fault.help))
            return (nil, reader.diagnostics)
        case .success(let root):
            var tests = TestFileReader(reader: reader)
            let file = tests.file(root)
            return (reader.hasErrors ? nil : file, reader.diagnostics)
        }
    }

    private init(reader: FieldReader) { self.reader = reader }

    private mutating func file(_ root: Node) -> PolicyTestFile? {
        guard
            let fields = reader.fields(
                root, of: "the test file", known: ["policy", "start", "interval", "mode", "tests"])
        else { return nil }
        let help = "write 'policy: policy.yaml', relative to the test file's folder"
        let policy = reader.required("policy", fields, ifMissing: "the test file has no 'policy'", help: help)
            .flatMap { reader.text($0, "policy") }
        if let node = fields["start"], let instant = reader.instant(node, "start") { start = instant }
        if let node = fields["interval"],
            let duration = reader.duration(node, "interval", in: .milliseconds(100)...(.seconds(86400)))
        {
            interval = duration
        }
        mode = fields["mode"].flatMap { reader.choice($0, "mode") }
        guard let node = reader.required("tests", fields, ifMissing: "the test file has no 'tests'") else { return nil }
        var seen: Set<String> = []
        var tests: [PolicyTest] = []
        for node in reader.elements(node, of: "tests", countMax: TestFileReader.testsMax) {
            guard let test = test(node) else { continue }
            if !seen.insert(test.name).inserted { reader.error("test name '\(test.name)' is already used", at: node) }
            tests.append(test)
        }
        return policy.map { PolicyTestFile(source: reader.source, policy: $0, tests: tests) }
    }

    private func test(_ node: Node) -> PolicyTest? {
        let known = ["name", "start", "interval", "mode", "campaigns", "pools", "accounts", "acts", "expect"]
        guard let fields = reader.fields(node, of: "a test", known: known) else { return nil }
        let name = reader.required("name", fields, ifMissing: "the test has no 'name'").flatMap {
            reader.name($0, "the test's name")
        }
        let start = fields["start"].flatMap { reader.instant($0, "start") } ?? start
        let interval =
            fields["interval"].flatMap {
                reader.duration($0, "interval", in: .milliseconds(100)...(.seconds(86400)))
            } ?? interval
        var test = PolicyTest(
            name: name ?? "", position: reader.position(node), start: start, interval: interval,
            mode: fields["mode"].flatMap { reader.choice($0, "mode") } ?? mode, campaigns: [], pools: [],
            poolAnswers: nil, accounts: [:], acts: [], checks: [])
        if let node = fields["campaigns"], let mapping = mapping(node, "campaigns") {
            for (key, value) in mapping {
                if let campaign = campaign(key, value, start: start) { test.campaigns.append(campaign) }
            }
        } else {
            reader.error("the test has no 'campaigns'", help: "for example {camp_1: {sent: 0+20x30}}", at: node)
        }
        if let node = fields["pools"], let mapping = mapping(node, "pools") {
            for (key, value) in mapping {
                if key.scalar?.string == "answers" {
                    test.poolAnswers = answers(value)
                } else if let pool = pool(key, value) {
                    test.pools.append(pool)
                }
            }
        }
        if let node = fields["accounts"],
            let parts = reader.fields(node, of: "accounts", known: ["active", "paused", "warming"])
        {
            for (name, node) in parts.values { test.accounts[name] = series(node, name) }
        }
        let ids = Set(test.campaigns.map(\.entry.id))
        if let node = fields["acts"] {
            for node in reader.elements(node, of: "acts", countMax: 10_000) {
                if let act = act(node, ids) { test.acts.append(act) }
            }
            test.acts.sort { $0.at < $1.at }
        }
        if let node = reader.required("expect", fields, ifMissing: "the test has no 'expect'") {
            for node in reader.elements(node, of: "expect", countMax: 10_000) { test.checks += checks(node, ids) }
            test.checks = test.checks.enumerated().sorted { ($0.element.at, $0.offset) < ($1.element.at, $1.offset) }
                .map(\.element)
            if test.checks.isEmpty, !reader.hasErrors {
                reader.error("'expect' is empty", help: "add at least one expectation", at: node)
            }
        }
        return name == nil ? nil : test
    }

    private func mapping(_ node: Node, _ what: String) -> Node.Mapping? {
        if let mapping = node.mapping { return mapping }
        reader.error("\(what) must be a mapping of ids", help: "for example {camp_1: {sent: 0+20x30}}", at: node)
        return nil
    }

    // MARK: Input

    private func campaign(_ key: Node, _ node: Node, start: Instant) -> PolicyTest.Campaign? {
        let known =
            ["status", "name", "pool", "labels", "launch", "answers"] + TestFileReader.counters
            + TestFileReader.rates
        guard let id: CampaignID = reader.identifier(key, "the campaign's id"),
            let fields = reader.fields(node, of: "a campaign", known: known)
        else { return nil }
        var campaign = PolicyTest.Campaign(
            entry: CampaignEntry(
                // Taken from the policy when the test runs.
                id: id, workspace: WorkspaceName(""),
                name: fields["name"].flatMap { reader.name($0, "the campaign's name") },
                pool: fields["pool"].flatMap { reader.identifier($0, "the pool's id") },
                labels: fields["labels"].map(labels) ?? [:]),
            isDescribed: ["name", "pool", "labels"].contains { fields[$0] != nil },
            status: fields["status"].flatMap { reader.choice($0, "status") } ?? .running, series: [:],
            answers: fields["answers"].flatMap(answers), launch: nil)
        for name in TestFileReader.counters + TestFileReader.rates {
            if let node = fields[name] { campaign.series[name] = series(node, name) }
        }
        if let node = fields["launch"],
            let parts = reader.fields(node, of: "a launch", known: ["not_before", "expires", "priority"])
        {
            campaign.launch = LaunchEntry(
                campaign: id, notBefore: parts["not_before"].flatMap { time($0, "not_before", start) },
                expires: parts["expires"].flatMap { time($0, "expires", start) },
                priority: parts["priority"].flatMap { reader.integer($0, "priority", in: -1000...1000) } ?? 0)
        }
        return campaign
    }

    /// A date and time, or a duration after the test's start.
    private func time(_ node: Node, _ what: String, _ start: Instant) -> Instant? {
        if let text = node.scalar?.string, let after = Duration(policyText: text) { return start + after }
        return reader.instant(node, what)
    }

    private func labels(_ node: Node) -> [String: String] {
        guard let mapping = node.mapping else {
            reader.error("labels must be a mapping of names to texts", help: "for example {team: sales}", at: node)
            return [:]
        }
        var labels: [String: String] = [:]
        for (key, value) in mapping {
            if let name = reader.name(key, "the label's name") { labels[name] = reader.name(value, "label '\(name)'") }
        }
        return labels
    }

    private func pool(_ key: Node, _ node: Node) -> PolicyTest.Pool? {
        let known = ["dailyCapacity", "remainingVolume", "activeSenders", "senders", "resetAt"]
        guard let id: PoolID = reader.identifier(key, "the pool's id"),
            let fields = reader.fields(node, of: "a pool", known: known)
        else { return nil }
        var pool = PolicyTest.Pool(
            id: id, series: [:], resetAt: fields["resetAt"].flatMap { reader.instant($0, "resetAt") })
        for name in known where name != "resetAt" {
            if let node = fields[name] { pool.series[name] = series(node, name) }
        }
        return pool
    }

    /// `0+20x30`, or a list of numbers and `_`.
    private func series(_ node: Node, _ what: String) -> Series? {
        var text = node.scalar?.string
        if let sequence = node.sequence {
            let words = sequence.map { $0.scalar?.string }
            text = words.contains(nil) ? nil : words.compactMap(\.self).joined(separator: " ")
        }
        let help = "for example 0+20x30, 5x10, '0 20 40' or [0, 20, _, 60]"
        guard let text else {
            reader.error("\(what) is not a series", help: help, at: node)
            return nil
        }
        switch Series.read(text) {
        case .success(let series): return series
        case .failure(let fault):
            reader.error("'\(fault.word)' in \(what) is not part of a series", help: help, at: node)
            return nil
        }
    }

    private func answers(_ node: Node) -> AnswerSeries? {
        guard let text = reader.text(node, "answers") else { return nil }
        switch AnswerSeries.read(text) {
        case .success(let series): return series
        case .failure(let fault):
            let known = AnswerSeries.Answer.allCases.map(\.rawValue).joined(separator: ", ")
            reader.error(
                "unknown answer '\(fault.word)'", help: "answers are \(known); for example okx5 errorx2 ok", at: node)
            return nil
        }
    }

    // MARK: Acts

    private func at(_ fields: Fields, _ what: String) -> Duration? {
        guard let node = reader.required("at", fields, ifMissing: "\(what) has no 'at'") else { return nil }
        return reader.duration(node, "at", in: .zero...TestFileReader.longest)
    }

    private func campaign(_ fields: Fields, _ ids: Set<CampaignID>, _ what: String) -> CampaignID? {
        guard let node = reader.required("campaign", fields, ifMissing: "\(what) has no 'campaign'"),
            let id: CampaignID = reader.identifier(node, "the campaign's id")
        else { return nil }
        guard ids.contains(id) else {
            let nearest = NearestName.of(id.text, in: ids.map(\.text).sorted()).map { "did you mean '\($0)'?" }
            reader.error("the test has no campaign '\(id)'", help: nearest, at: node)
            return nil
        }
        return id
    }

    private enum ActKind: String, CaseIterable {
        case start, pause, enroll, restart
    }

    private func act(_ node: Node, _ ids: Set<CampaignID>) -> (at: Duration, act: PolicyTest.Act)? {
        let known = ["at", "do", "order", "campaign", "leads", "rule", "for", "force", "reason"]
        guard let fields = reader.fields(node, of: "an act", known: known) else { return nil }
        guard let at = at(fields, "the act") else { return nil }
        if let orderNode = fields["order"] {
            guard let act: Order.Act = reader.choice(orderNode, "order"),
                let campaign = campaign(fields, ids, "the order")
            else { return nil }
            let isForced = fields["force"].flatMap { reader.text($0, "force") } == "true"
            return (
                at,
                .order(
                    Order(
                        act, campaign, rule: fields["rule"].flatMap { reader.text($0, "rule") },
                        lasts: fields["for"].flatMap { reader.duration($0, "for", in: .zero...TestFileReader.longest) },
                        isForced: isForced, reason: fields["reason"].flatMap { reader.text($0, "reason") },
                        by: "a tester"))
            )
        }
        guard let kindNode = reader.required("do", fields, ifMissing: "the act has neither 'do' nor 'order'"),
            let kind: ActKind = reader.choice(kindNode, "do")
        else { return nil }
        switch kind {
        case .start: return campaign(fields, ids, "the act").map { (at, .start($0)) }
        case .pause: return campaign(fields, ids, "the act").map { (at, .pause($0)) }
        case .enroll:
            guard let id = campaign(fields, ids, "the act"),
                let leads = reader.required("leads", fields, ifMissing: "'enroll' has no 'leads'")
                    .flatMap({ reader.integer($0, "leads", in: 1...1_000_000_000) })
            else { return nil }
            return (at, .enroll(id, leads))
        case .restart:
            let down = fields["for"].flatMap { reader.duration($0, "for", in: .zero...TestFileReader.longest) }
            return (at, .restart(down ?? .seconds(5)))
        }
    }

    // MARK: Expectations

    private func checks(_ node: Node, _ ids: Set<CampaignID>) -> [PolicyTest.Check] {
        let known = ["at", "campaign", "pool", "state", "launch", "rules", "actions", "events", "no_events"]
        guard let fields = reader.fields(node, of: "an expectation", known: known),
            let at = at(fields, "the expectation")
        else { return [] }
        var expectations: [(Node, PolicyTest.Expectation)] = []
        let pool: PoolID? = fields["pool"].flatMap { reader.identifier($0, "the pool's id") }
        let needsCampaign = fields["state"] != nil || fields["launch"] != nil || (fields["rules"] != nil && pool == nil)
        let campaign = needsCampaign || fields["campaign"] != nil ? campaign(fields, ids, "the expectation") : nil
        if let node = fields["state"], let campaign, let word = word(node, "state", states) {
            expectations.append((node, .state(campaign, word)))
        }
        if let node = fields["launch"], let campaign, let word = word(node, "launch", launchStates) {
            expectations.append((node, .launch(campaign, word)))
        }
        if let node = fields["rules"], let mapping = mapping(node, "rules") {
            for (key, value) in mapping {
                guard let rule = reader.text(key, "the rule"), let word = word(value, "the rule's state", ruleStates)
                else { continue }
                expectations.append((key, .rule(rule, campaign, pool, word)))
            }
        }
        if let node = fields["actions"] { expectations.append((node, .actions(words(node, "actions")))) }
        if let node = fields["events"] { expectations.append((node, .events(events(node, "events")))) }
        if let node = fields["no_events"] { expectations.append((node, .noEvents(events(node, "no_events")))) }
        if expectations.isEmpty, !reader.hasErrors {
            reader.error(
                "the expectation is empty",
                help: "add one of state, launch, rules, actions, events, no_events", at: node)
        }
        return expectations.map { PolicyTest.Check(at: at, expectation: $0.1, position: reader.position($0.0)) }
    }

    private var states: [String] { CampaignState.allCases.map(\.rawValue) }
    private var launchStates: [String] { LaunchState.allCases.map(\.rawValue) }
    private var ruleStates: [String] {
        GuardStatus.RuleStatus.State.allCases.map(\.rawValue) + ["muted", "holds", "allows", "unknown"]
    }

    private func word(_ node: Node, _ what: String, _ known: [String]) -> String? {
        guard let text = reader.text(node, what) else { return nil }
        if known.contains(text) { return text }
        let nearest = NearestName.of(text, in: known).map { "did you mean '\($0)'?" }
        reader.error(
            "\(what) cannot be '\(text.prefix(40))'", help: nearest ?? "write one of \(known.joined(separator: ", "))",
            at: node)
        return nil
    }

    private func words(_ node: Node, _ what: String) -> [String] {
        reader.elements(node, of: what, countMax: 10_000).compactMap { reader.text($0, what) }
    }

    /// Event names, optionally with a campaign, rule or pool: `campaign.paused camp_1`.
    private func events(_ node: Node, _ what: String) -> [String] {
        let known = EventKind.allCases.map(\.rawValue)
        return reader.elements(node, of: what, countMax: 1000).compactMap { node in
            guard let text = reader.text(node, what) else { return nil }
            let name = String(text.prefix { $0 != " " })
            guard known.contains(name) else {
                let nearest = NearestName.of(name, in: known).map { "did you mean '\($0)'?" }
                reader.error("unknown event '\(name.prefix(40))'", help: nearest ?? "see docs/events.md", at: node)
                return nil
            }
            return text
        }
    }
}
