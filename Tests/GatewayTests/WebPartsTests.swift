@testable import Gateway
import Model
import Pages
import TestSupport
import Testing

/// The parts of the status page that need no connection.
@Suite struct WebPartsTests {
    @Test(arguments: [
        ("127.0.0.1:8027", "127.0.0.1:8027", true), ("127.8.8.8:1", "127.8.8.8:1", true),
        ("localhost:8027", "127.0.0.1:8027", true), ("[::1]:8027", "[::1]:8027", true),
        ("/run/sendwarden/web.sock", "/run/sendwarden/web.sock", true), ("0.0.0.0:8027", "0.0.0.0:8027", false),
        ("[::]:8027", "[::]:8027", false), ("192.0.2.7:65535", "192.0.2.7:65535", false),
    ])
    func addresses(_ text: String, _ expected: String, _ isLocal: Bool) throws {
        let address = try #require(WebAddress(text))
        #expect(address.text == expected && address.isLocal == isLocal)
    }

    @Test(arguments: ["", "8027", ":8027", "127.0.0.1", "127.0.0.1:", "127.0.0.1:+1", "::1:8027", "host:8027", "a/b:1"])
    func otherAddressesAreRefused(_ text: String) { #expect(WebAddress(text) == nil) }

    @Test(arguments: [
        ("127.0.0.1", true), ("127.0.0.1:8027", true), ("[::1]:8027", true), ("localhost", true), ("LocalHost:1", true),
        ("10.1.2.3:80", true), ("warden.example", true), ("Warden.Example:443", true), ("attacker.example", false),
        ("127.0.0.1.attacker.example", false), ("localhost.", false), ("127.0.0.1:80:80", false), ("[::1", false),
        ("[::1]x", false), ("127.0.0.1:8x", false), ("", false), ("[127.0.0.1]", false), ("2130706433", false),
    ])
    func hosts(_ authority: String, _ isAccepted: Bool) {
        #expect(HostCheck(names: ["WARDEN.example"]).accepts(authority) == isAccepted)
        #expect(!HostCheck(names: []).accepts(nil))
    }

    @Test func theTokenMatchesOnlyItself() throws {
        let text = "0123456789abcdef"
        #expect(AccessToken(Array(text.utf8.dropLast())) == nil)
        let token = try #require(AccessToken(Array(text.utf8)))
        #expect(token.matches(text))
        for other in ["", "0123456789abcde", "0123456789abcdef0", "0123456789abcdeF", "\u{0}123456789abcdef"] {
            #expect(!token.matches(other), "\(other)")
        }
        #expect("\(token)" == "[token]" && Mirror(reflecting: token).children.isEmpty)
    }

    @Test func sessionsAreBoundedAndDistinct() {
        let sessions = Sessions()
        let secrets = (0...Sessions.sessionsMax).map { _ in sessions.open() }
        #expect(Set(secrets).count == secrets.count && secrets.allSatisfy { $0.count == 64 })
        #expect(secrets.count { sessions.isOpen($0) } == Sessions.sessionsMax)
        #expect(!sessions.isOpen("") && !sessions.isOpen(String(repeating: "0", count: 64)))
    }

    // MARK: HTML

    @Test func everyValueIsEscaped() {
        let hostile = "<b title=\"x\">&amp;\u{202e}\n'"
        let html = Html("p", .class(hostile)) {
            hostile
            Html("b") {}
        }
        let escaped = "&lt;b title=&quot;x&quot;&gt;&amp;amp;  '"
        #expect(html.markup == "<p class=\"\(escaped)\">\(escaped)<b></b></p>")
        #expect(
            Html.void("meta", .set("content", "\"><script>"), .flag("defer")).markup
                == "<meta content=\"&quot;&gt;&lt;script&gt;\" defer>")
    }

    @Test func valuesInLinksAreEncoded() {
        let path = SitePath("/campaign", query: [("id", "a&b=c #?%/\"ü"), ("none", nil), ("before", "7")])
        #expect(path.text == "/campaign?id=a%26b%3Dc%20%23%3F%25%2F%22%C3%BC&before=7")
        #expect(Html("a", .href(path)) { "x" }.markup.hasPrefix("<a href=\"/campaign?id=a%26b"))
    }

    // MARK: Sharing

    @Test func concurrentViewersShareOneValue() async {
        let shared = Shared<String, Int>(for: .seconds(60), entriesMax: 2)
        let loads = Counter()
        let (started, start) = AsyncStream.makeStream(of: Void.self)
        let values = await withTaskGroup(of: Int.self) { group in
            for _ in 0..<20 {
                group.addTask {
                    await shared.value("a") {
                        start.finish()
                        try? await Task.sleep(for: .milliseconds(50))
                        loads.add()
                        return loads.value
                    }
                }
            }
            for await _ in started {}
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(values == Array(repeating: 1, count: 20))
        #expect(await shared.value("a") { 99 } == 1)
        // The oldest value makes room for a third.
        #expect(await shared.value("b") { 2 } == 2)
        #expect(await shared.value("c") { 3 } == 3)
        #expect(await shared.value("b") { 99 } == 2)
        #expect(await shared.value("a") { 4 } == 4)
    }

    @Test func anOldValueIsLoadedAgain() async {
        let shared = Shared<String, Int>(for: .zero, entriesMax: 1)
        #expect(await shared.value("a") { 1 } == 1)
        #expect(await shared.value("a") { 2 } == 2)
    }

    @Test func streamsAreBounded() {
        let feed = Feed()
        let open = (0..<Feed.streamsMax).compactMap { _ in feed.open()?.id }
        #expect(open.count == Feed.streamsMax && feed.open() == nil)
        feed.close(open[0])
        #expect(feed.open() != nil && feed.open() == nil)
        feed.closeAll()
        #expect(feed.open() == nil)
    }
}
