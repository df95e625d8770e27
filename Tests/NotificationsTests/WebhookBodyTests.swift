import Foundation
import Model
import Notifications
import Policy
import Testing

/// The JSON bodies of webhooks, with texts that try to break out of them.
@Suite struct WebhookBodyTests {
    static let hostile = "\"}],\"x\":\"\\ \u{0} \r\n<!channel> <@U1> @channel & {{text}} ü\u{202e}"

    private func body(_ options: String, _ items: [OutboxItem]) throws -> String {
        let receivers = try ReceiverBench.receivers(
            "  - name: hook\n    webhook: {url: 'http://127.0.0.1:1/x'\(options)}")
        guard case .webhook(let webhook) = try #require(receivers.first).channel else { return "" }
        return WebhookBody.text(
            NotificationMessage(items, to: "hook", at: ReceiverBench.start + .seconds(60)), webhook)
    }

    private func hostileItem(_ id: Int64 = 1) -> OutboxItem {
        ReceiverBench.item(
            id, .campaignPaused, "paused " + Self.hostile, fields: [.campaign: "camp_1", .campaignName: Self.hostile])
    }

    @Test func jsonHasEveryField() throws {
        let json = try ReceiverBench.json(try body("", [hostileItem()]))
        #expect(json["receiver"] as? String == "hook" && json["severity"] as? String == "warning")
        let events = try #require(json["events"] as? [[String: Any]])
        #expect(events.count == 1 && events[0]["event"] as? String == "campaign.paused")
        #expect((events[0]["fields"] as? [String: String])?["SENDWARDEN_CAMPAIGN_NAME"] == Self.hostile)
        #expect(json["x"] == nil)
        #expect((json["title"] as? String)?.contains("\n") == false)
    }

    @Test func slackMentionsNobody() throws {
        for items in [[hostileItem()], [hostileItem(1), hostileItem(2)]] {
            let json = try ReceiverBench.json(try body(", format: slack", items))
            #expect(json.keys.sorted() == ["text"])
            let text = try #require(json["text"] as? String)
            #expect(text.hasPrefix("*Sendwarden:* ") && text.contains("&lt;!channel&gt;"))
            #expect(!text.contains("<") && !text.contains("@channel") && text.contains("&amp;"))
        }
    }

    @Test func teamsGetsACard() throws {
        let json = try ReceiverBench.json(try body(", format: teams", [hostileItem(1), hostileItem(2)]))
        let attachments = try #require(json["attachments"] as? [[String: Any]])
        let content = try #require(attachments[0]["content"] as? [String: Any])
        let blocks = try #require(content["body"] as? [[String: Any]])
        #expect(blocks.count == 3 && (blocks[0]["text"] as? String)?.contains("2 events: 2 campaign.paused") == true)
    }

    @Test func templatesAreFilled() throws {
        let template =
            #", body: '{"a": "{{title}}: {{ text }}", "n": {{count}}, "e": {{events}}, "s": "{{severity}}"}'"#
        let json = try ReceiverBench.json(try body(template, [hostileItem(1), hostileItem(2)]))
        #expect(json.keys.sorted() == ["a", "e", "n", "s"])
        #expect(json["n"] as? Int == 2 && (json["e"] as? [Any])?.count == 2)
        #expect((json["a"] as? String)?.contains("{{text}}") == true, "a text is not a template")
    }

    @Test(arguments: [
        (#"{"a": {{text}}}"#, BodyTemplate.Flaw.notJSON), (#"{"a": "{{events}}"}"#, .notJSON),
        (#"{"a": "{{b}}"}"#, .unknownPlaceholder("b")),
        (#"{"a": "{{text"}"#, .unclosed), ("text: {{text}}", .notJSON),
    ])
    func templatesAreChecked(_ text: String, _ flaw: BodyTemplate.Flaw) {
        #expect(throws: flaw) { try BodyTemplate(text) }
    }

    @Test func manyEventsAreCounted() throws {
        let items = (0..<60).map {
            ReceiverBench.item(Int64($0), $0 < 40 ? .ruleFiring : .campaignPaused, "event \($0)")
        }
        let message = NotificationMessage(items, to: "hook", at: ReceiverBench.start)
        #expect(message.title == "60 events: 20 campaign.paused, 40 rule.firing")
        #expect(message.lines.count == 21 && message.lines.last == "and 40 more; 'sendwarden history' shows all")
    }

    @Test func oneEventIsItsOwnTitle() throws {
        let text = String(repeating: "long ", count: 200)
        let message = NotificationMessage(
            [ReceiverBench.item(1, .campaignPaused, text)], to: "hook", at: ReceiverBench.start)
        #expect(message.title.count == 200 && message.lines[0].count < 540)
        #expect(message.lines[0].hasPrefix("00:53Z warning: long"))
    }
}
