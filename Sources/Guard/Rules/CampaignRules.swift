import Model
import Policy

/// The compiled rules of one campaign; campaigns with the same rules share one instance.
final class CampaignRules: Sendable {
    /// A rule on running campaigns; a class, because copying a rule would cost more than evaluating it.
    final class Running: Sendable {
        /// The rule's index in the policy.
        let index: Int
        let rule: Rule
        /// Stored, because the rule composes it at each access.
        let identity: RuleIdentity
        let condition: CompiledCondition
        let probation: CompiledCondition?
        /// Nil if the rule has no `confidence`.
        let test: SequentialTest?
        /// Nil if the rule has no `within`.
        let detector: ChangeDetector?
        /// Copied from the rule, so that a sample need not copy the rule.
        let forClause: Rule.For
        let sources: Set<Source>
        let pauses: Bool
        let readsAge: Bool
        /// True if it reads a counter that some platform reports only in a response of its own.
        let readsExtras: Bool
        /// True if its condition reads the sums of the campaign's group.
        let isOnGroup: Bool
        /// What its condition and its probation count of a bad list's emails.
        let fates: [EmailFate]
        let probationFates: [EmailFate]

        init(_ rule: Rule, index: Int, windows: [TimeWindow], label: (String) -> String) {
            (self.index, self.rule, identity) = (index, rule, rule.identity)
            condition = CompiledCondition(rule.condition, windows: windows, label: label)
            probation = rule.resume?.probation.map {
                CompiledCondition($0.condition, windows: windows, label: label)
            }
            test = rule.confidence == nil ? nil : rule.condition.test
            detector = test?.detector
            forClause = rule.forClause
            sources = rule.sources
            pauses = rule.action == .pause
            readsAge = rule.condition.readsAge
            readsExtras = !rule.extraCounters.isEmpty
            isOnGroup = rule.trigger == .group
            fates = EmailFate.counted(in: rule.condition)
            probationFates = rule.resume?.probation.map { EmailFate.counted(in: $0.condition) } ?? []
        }
    }

    /// A window that at least one rule reads, and the counters read from it.
    struct Window: Sendable {
        let window: TimeWindow
        let counters: Set<Counter>
    }

    /// In policy order.
    let running: [Running]
    /// Launch rules that are not off, in policy order.
    let launch: [Rule]
    /// Shortest first; compiled conditions number the windows in this order.
    let windows: [Window]

    /// The launch rules that can hold a launch.
    var holding: [Rule] { launch.filter { $0.action == .hold && $0.mode == .enforce } }

    /// True if any rule on running campaigns reads pools or accounts.
    let readsSurroundings: Bool

    /// The counters that any rule reads and that some platform reports only in a response of its own.
    let extraCounters: Set<ExtraCounter>

    /// The sources that a launch is evaluated on.
    var launchSources: Set<Source> { launch.reduce(into: [.stats]) { $0.formUnion($1.condition.sources) } }

    /// The sources that a resume is evaluated on.
    var resumeSources: Set<Source> { holding.reduce(into: [.stats]) { $0.formUnion($1.condition.sources) } }

    private init(_ resolved: [(index: Int, rule: Rule)], label: (String) -> String) {
        let rules = resolved.map(\.rule)
        windows = CampaignRules.windows(of: rules)
        launch = rules.filter { $0.trigger == .launch }
        let windows = windows.map(\.window)
        running = resolved.compactMap { index, rule in
            guard rule.trigger == .running || rule.trigger == .group && rule.action == .pause else { return nil }
            return Running(rule, index: index, windows: windows, label: label)
        }
        readsSurroundings = running.contains { $0.sources != [.stats] }
        extraCounters = rules.reduce(into: []) { $0.formUnion($1.extraCounters) }
    }

    /// The windows that the rules read.
    static func windows(of rules: [Rule]) -> [Window] {
        rules.windowedCounters.sorted { $0.key < $1.key }.map { Window(window: $0.key, counters: $0.value) }
    }

    /// Creates each distinct set of rules once.
    struct Factory {
        /// A rule of the policy, and the override that applies to the campaign.
        private struct Choice: Hashable {
            var index: Int
            var override: Int?
        }

        /// The rules that apply to a campaign and the labels that they read.
        private struct Key: Hashable {
            var choices: [Choice]
            var labels: [String: String]
        }

        private let policy: CheckedPolicy
        private var made: [Key: CampaignRules] = [:]
        /// The labels that these rules read.
        private var labelsRead: [[Choice]: Set<String>] = [:]

        init(_ policy: CheckedPolicy) { self.policy = policy }

        mutating func rules(for entry: CampaignEntry) -> CampaignRules {
            let choices = policy.rules.indices.filter { policy.rules[$0].isEvaluated(on: entry) }.map {
                Choice(index: $0, override: policy.rules[$0].override(on: entry)?.order)
            }
            if let names = labelsRead[choices], let rules = made[key(choices, names, entry)] { return rules }
            var names: Set<String> = []
            let resolved = choices.map { (index: $0.index, rule: policy.rules[$0.index].resolved(on: entry)) }
            let rules = CampaignRules(resolved) { name in
                names.insert(name)
                return entry.labels[name] ?? ""
            }
            labelsRead[choices] = names
            made[key(choices, names, entry)] = rules
            return rules
        }

        private func key(_ choices: [Choice], _ names: Set<String>, _ entry: CampaignEntry) -> Key {
            Key(choices: choices, labels: entry.labels.filter { names.contains($0.key) })
        }
    }
}
