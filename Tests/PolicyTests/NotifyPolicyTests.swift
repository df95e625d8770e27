import Model
import Policy
import Testing

/// What a policy's `notify` and `heartbeat` mean.
@Suite struct NotifyPolicyTests {
    private func outcome(_ rest: String) -> (source: SourceFile, outcome: PolicyLoader.Outcome) {
        let source = SourceFile(
            name: "p",
            text: """
                version: 1
                mode: enforce
                workspace: {name: acme, provider: leadterra, credential: key}
                campaigns: [{id: camp_1}]
                rules: [{name: b, when: bounced >= 50, then: pause}]
                \(rest)
                """)
        return (source, PolicyLoader.load(source))
    }

    private func policy(_ rest: String) throws -> CheckedPolicy {
        let (_, outcome) = outcome(rest)
        return try #require(outcome.policy, "\(outcome.diagnostics)")
    }

    @Test func everyKindIsRead() throws {
        let policy = try policy(
            """
            notify:
              - {name: hook, webhook: {url: 'https://h.example/x'}, group_wait: 0s, summary: "08:30", tz: Europe/Berlin}
              - {name: chat, webhook: {url_file: /etc/x, format: teams, credential_file: /etc/y}, severity: critical}
              - {name: am, alertmanager: {url_credential: am.url}, labels: {team: sales}}
              - {name: mail, email: {to: ops@acme.example, from: guard@acme.example}, events: [campaign, launch.held]}
              - {name: mails, email: {to: [a@b.example, c@d.example], from: e@f.example, server: '[::1]:2525'}}
            heartbeat: {url: 'http://127.0.0.1:8000/ping', every: 5m}
            """)
        let receivers = policy.receivers
        #expect(receivers.map(\.name) == ["hook", "chat", "am", "mail", "mails"])
        #expect(receivers[0].severity == .warning && receivers[0].groupWait == .zero)
        #expect(receivers[0].summary?.minuteOfDay == 510 && receivers[0].summary?.timeZone == "Europe/Berlin")
        guard case .webhook(let chat) = receivers[1].channel else { return #expect(Bool(false)) }
        #expect(chat.format == .teams && chat.url == .stored(.file("/etc/x")) && chat.credential == .file("/etc/y"))
        #expect(receivers[1].severity == .critical && receivers[1].groupWait == .seconds(30))
        #expect(receivers[2].labels == ["team": "sales"])
        #expect(receivers[3].events == ["campaign", "launch.held"] && receivers[3].severity == .info)
        guard case .email(let mail) = receivers[3].channel else { return #expect(Bool(false)) }
        #expect(mail.to == ["ops@acme.example"] && mail.from == "guard@acme.example")
        #expect(mail.host == "localhost" && mail.port == 25)
        guard case .email(let mails) = receivers[4].channel else { return #expect(Bool(false)) }
        #expect(mails.host == "::1" && mails.port == 2525 && mails.to.count == 2)
        #expect(policy.heartbeat?.every == .seconds(300) && policy.heartbeat?.method == .get)
    }

    @Test func aPolicyWithoutReceiversHasNone() throws {
        for rest in ["", "notify:", "notify: []"] {
            let policy = try policy(rest)
            #expect(policy.receivers.isEmpty && policy.heartbeat == nil)
        }
    }

    /// The URL of a webhook is a secret, also where its line is quoted.
    @Test func quotedLinesShowNoURL() {
        let (source, outcome) = outcome(
            "notify: [{name: a, webhook: {url: 'https://hooks.slack.com/services/T000/B000/NeverShown'}, severty: x}]")
        let text = source.render(outcome.diagnostics)
        #expect(text.contains("hooks.slack.com/xxx") && text.contains("unknown key 'severty'"))
        #expect(!text.contains("NeverShown") && !text.contains("T000"))
    }

    @Test(
        arguments: [
            ("https://h.example", nil), ("https://h.example:8443/a/b?c=d", nil), ("http://localhost:1/x", nil),
            ("http://[::1]/x", nil), ("http://h.example/x", WebURL.Flaw.plain(host: "h.example")),
            ("http://127.0.0.1.evil.example/x", .plain(host: "127.0.0.1.evil.example")), ("ftp://h.example", .scheme),
            ("https://u:p@h.example/x", .user), ("https:///x", .authority), ("https://h.example:99999/", .authority),
            ("https://h.example/a b", .characters), ("https://h.example/a#b", .characters),
            ("https://h.example/\r\nHost: x", .characters), ("https://h.example/ü", .characters),
        ] as [(String, WebURL.Flaw?)])
    func urlsAreChecked(_ text: String, _ flaw: WebURL.Flaw?) {
        do throws(WebURL.Flaw) {
            let url = try WebURL(text)
            #expect(flaw == nil && url.text == text && !"\(url)".contains("/a"))
        } catch {
            #expect(error == flaw)
        }
    }

    /// Around the changes of the clocks, too.
    @Test(arguments: [
        ("Europe/Berlin", 480, "2026-12-01T06:59:00Z", "2026-12-01T07:00:00Z"),
        ("Europe/Berlin", 480, "2026-12-01T07:00:00Z", "2026-12-02T07:00:00Z"),
        // 02:30 does not exist on that day.
        ("Europe/Berlin", 150, "2026-03-28T23:00:00Z", "2026-03-29T01:30:00Z"),
        ("Europe/Berlin", 150, "2026-03-29T01:30:00Z", "2026-03-30T00:30:00Z"),
        // 02:30 exists twice.
        ("Europe/Berlin", 150, "2026-10-24T23:00:00Z", "2026-10-25T01:30:00Z"),
        ("Europe/Berlin", 150, "2026-10-25T01:30:00Z", "2026-10-26T01:30:00Z"),
        ("Pacific/Kiritimati", 0, "2026-12-01T09:00:00Z", "2026-12-01T10:00:00Z"),
        ("America/New_York", 1439, "2026-12-01T04:58:00Z", "2026-12-01T04:59:00Z"),
    ])
    func theNextTimeOfDay(_ zone: String, _ minute: Int, _ now: String, _ next: String) throws {
        let table = try #require(TimeZoneTable(zone))
        let time = try #require(Instant(rfc3339: now))
        #expect(table.next(minuteOfDay: minute, after: time).rfc3339 == next)
    }
}
