import Model
import Policy

/// The text of the policy that `init` writes.
struct StarterPolicy {
    /// Values that a user types and that only the policy's reader can validate.
    struct Texts {
        var name: String
        var url: String?
        var labels: [(String, String)] = []
    }

    private let provider: Provider
    private let texts: Texts
    private let targets: InitTargets
    private let layout: InitLayout
    private let keyPath: String

    init(_ answers: InitAnswers, _ layout: InitLayout) {
        (provider, targets, self.layout) = (answers.provider, answers.targets, layout)
        texts = Texts(name: answers.name, url: answers.url, labels: answers.labels)
        keyPath = layout.key(answers.provider, workspace: answers.name)
    }

    /// The first error in the values; nil if they are valid.
    static func error(in texts: Texts, of provider: Provider) -> String? {
        let text = """
            version: 1
            mode: observe
            \(workspace(texts, provider, ["credential: a.key"]))
            \(defaults(nil, texts.labels))
            """
        let outcome = PolicyLoader.load(SourceFile(name: "policy", text: text))
        return outcome.diagnostics.first { $0.severity == .error }.map { error in
            error.message + (error.help.map { "; \($0)" } ?? "")
        }
    }

    /// The text; for a long list of campaigns, with a polling interval that the request budget allows.
    func fitted(path: String) -> String {
        let outcome = PolicyLoader.load(SourceFile(name: path, text: text(interval: nil)))
        guard let policy = outcome.policy, policy.poll.statsInterval > policy.poll.stats.max else {
            return text(interval: nil)
        }
        return text(interval: policy.poll.statsInterval)
    }

    private func text(interval: Duration?) -> String {
        let schema = InitLayout.schema.map { "# yaml-language-server: $schema=\($0)\n" } ?? ""
        let apply = layout.unit.map { "systemctl reload \($0)" } ?? "sendwarden reload"
        let file = ShellText.quoted(layout.policy)
        let credential = layout.credential(provider).map {
            ["credential: \($0)\(comment("the API key, in \(keyPath)"))"]
        }
        let pace = interval.map {
            "Campaigns closer to a pause are polled more often; polling all takes \($0.policyText) at 120/min."
        }
        let poll = """

            # \(pace ?? "Campaigns closer to a pause are polled more often.")
            poll: {stats: {min: 10s, max: \((interval ?? .seconds(90)).policyText)}}

            """
        return """
            \(schema)# Sendwarden's policy. After a change:  sendwarden check \(file)
            #                                      \(apply)
            # All keys and functions: man sendwarden-policy

            version: 1

            # A dry run: decisions are only logged. When they are what you expect, change this to enforce.
            mode: observe

            \(StarterPolicy.workspace(texts, provider, credential ?? ["credential_file: \(StarterPolicy.quoted(keyPath))"]))
            \(provider.can(.campaigns) ? poll : "")
            \(provider.can(.campaigns) ? campaigns : pools)
            """
    }

    private func comment(_ text: String) -> String { "   # \(text)" }

    private static func workspace(_ texts: Texts, _ provider: Provider, _ credential: [String]) -> String {
        let url = texts.url.map { ["url: \(quoted($0))"] } ?? []
        let lines = ["name: \(quoted(texts.name))", "provider: \(provider.rawValue)"] + url + credential
        return "workspace:\n" + lines.map { "  \($0)" }.joined(separator: "\n")
    }

    private static func defaults(_ pool: String?, _ labels: [(String, String)]) -> String {
        let texts = labels.map { "\(quoted($0.0)): \(quoted($0.1))" }.joined(separator: ", ")
        let parts = (pool.map { ["pool: \(quoted($0))"] } ?? []) + (labels.isEmpty ? [] : ["labels: {\(texts)}"])
        return parts.isEmpty ? "" : "defaults: {\(parts.joined(separator: ", "))}\n"
    }

    // MARK: Campaigns

    private var campaigns: String {
        var list = "# The campaigns to guard; Sendwarden changes no others.\n"
        list += StarterPolicy.defaults(targets.pool, texts.labels)
        if let file = targets.file { list += "campaigns_file: \(StarterPolicy.quoted(relative(file)))\n" }
        if !targets.campaigns.isEmpty {
            let ids = targets.campaigns.reduce(into: [CampaignID]()) { if !$0.contains($1) { $0.append($1) } }
            list += "campaigns:\n" + ids.map { "  - \(StarterPolicy.quoted($0.text))\n" }.joined()
        }
        return list + """

            rules:
              # A bad list: pause once it is 95 % certain that more than 5 % of its emails bounce.
              - name: bounce-rate
                when: bounceRate > 5%
                confidence: 95%
                then: pause
                severity: critical

              # More than a quarter of the emails bounce: do not wait for certainty.
              - name: bounce-catastrophe
                when: bounceRate(24h) > 25% and increase(bounced, 24h) >= 10
                then: pause
                severity: critical

              # An early warning, which only alerts.
              - name: bounce-warning
                when: bounceRate(24h) > 3% and increase(resolved, 24h) >= 50
                for: 10m
                then: alert

            """
    }

    /// Relative to the policy's folder, if the file is in it.
    private func relative(_ file: String) -> String {
        let folder = InitLayout.folder(of: layout.policy) + "/"
        return file.hasPrefix(folder) ? String(file.dropFirst(folder.count)) : file
    }

    // MARK: Pools

    private var pools: String {
        let pool = targets.pool ?? ""
        let key = pool.hasPrefix("comms_") ? "id" : "name"
        return """
            # The sender pool to guard.
            pools:
              - name: main
                pool_where: {\(key): \(StarterPolicy.quoted(pool))}
                per_sender_daily: \(targets.perSenderDaily)   # emails that one sender may send per day

            rules:
              # A member of the pool cannot send.
              - name: sender-out
                on: pool
                when: pool.senders > pool.activeSenders
                for: 30m
                then: alert

              # No member can send.
              - name: pool-down
                on: pool
                when: pool.activeSenders < 1
                for: 5m
                then: alert
                severity: critical

            """
    }

    /// The text as a YAML scalar that is read as text.
    static func quoted(_ text: String) -> String {
        let isPlain = text.utf8.enumerated().allSatisfy { index, byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "/"): true
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "."):
                index > 0
            default: false
            }
        }
        let words = ["true", "false", "yes", "no", "on", "off", "null", "y", "n"]
        if isPlain, !text.isEmpty, !words.contains(text.lowercased()) { return text }
        return "\"" + text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
    }
}
