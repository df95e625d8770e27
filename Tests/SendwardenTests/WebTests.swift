import Foundation
import TestSupport
import Testing

/// The status page of a running daemon, over real sockets.
@Suite(.serialized) struct WebTests {
    private static let hostile = "<script>alert(1)</script>\\\" onload='x' & </title>"

    /// A policy with a hostile name.
    private static func policy(_ url: String, _ folder: TemporaryFolder) -> String {
        DaemonProcessTests.policy(url, folder, mode: "enforce")
            .replacingOccurrences(of: "{id: bad, pool: pool_a}", with: "{id: bad, pool: pool_a, name: \"\(hostile)\"}")
    }

    private struct Site {
        var daemon: RunningProgram
        var folder: TemporaryFolder
        var path: String

        func connect() throws -> RawConnection { try RawConnection(path: path) }

        func request(
            _ target: String, _ method: String = "GET", host: String = "127.0.0.1:8027", fields: [String] = [],
            body: String = ""
        ) throws -> String {
            let connection = try connect()
            let lines =
                ["\(method) \(target) HTTP/1.1", "Host: \(host)"] + fields
                + (body.isEmpty ? [] : ["Content-Length: \(body.utf8.count)"])
            connection.send(lines.joined(separator: "\r\n") + "\r\n\r\n" + body)
            // A response to HEAD has a length and no body.
            return method == "HEAD" ? try connection.response() : try connection.sizedResponse()
        }

        func status(_ target: String, _ method: String = "GET", host: String = "127.0.0.1", fields: [String] = [])
            throws -> Int
        {
            Int(try request(target, method, host: host, fields: fields).split(separator: " ")[1]) ?? 0
        }
    }

    private func withSite(arguments: [String] = [], _ body: (Site) throws -> Void) throws {
        let sockets = try TemporaryFolder()
        let path = sockets.path + "/web.sock"
        try DaemonProcessTests.withDaemon(mode: "enforce", arguments: ["--web", path] + arguments) {
            daemon, folder, url, _ in
            #expect(daemon.wait { daemon.stderr.contains("daemon.ready") && (try? RawConnection(path: path)) != nil })
            _ = try folder.write("policy.yaml", Self.policy(url, folder))
            #expect(try Program.run(["reload", "--control", folder.path + "/control.sock"]).code == 0)
            #expect(daemon.wait { daemon.stderr.contains("\"campaign.paused\"") })
            try body(Site(daemon: daemon, folder: folder, path: path))
        }
    }

    @Test func pagesShowTheStateWithEveryValueEscaped() throws {
        try withSite { site in
            var page = ""
            let isPaused = site.daemon.wait {
                page = (try? site.request("/")) ?? ""
                return page.contains("Paused by Sendwarden (1)")
            }
            #expect(isPaused, "\(page)")
            #expect(page.hasPrefix("HTTP/1.1 200 "))
            let escaped = "&lt;script&gt;alert(1)&lt;/script&gt;&quot; onload='x' &amp; &lt;/title&gt;"
            #expect(page.contains(">\(escaped)</a>"))
            for needed in [
                "<!doctype html>", "<html lang=\"en\">", "<nav aria-label=\"Pages\">", "aria-current=\"page\"",
                "aria-live=\"polite\"", "scope=\"col\"", "scope=\"row\"", "href=\"#main\"", "healthy", "pool_a",
                "<noscript><meta http-equiv=\"refresh\"", "href=\"/campaign?id=bad\"",
            ] { #expect(page.contains(needed), "\(needed)") }
            // The most urgent campaign is first.
            let rows = page.components(separatedBy: "href=\"/campaign?id=").dropFirst().map { $0.prefix(3) }
            #expect(rows == ["bad", "goo"])

            let campaign = try site.request("/campaign?id=bad")
            for needed in [
                "<title>\(escaped) – Sendwarden</title>", "Reason for the pause", "rule bounces fired",
                "Evidence for bounces",
                "bounceRate &gt; 6%", "<svg role=\"img\"", "class=\"mark paused\"", "What happens next",
            ] { #expect(campaign.contains(needed), "\(needed)") }
            let decisions = try site.request("/decisions")
            #expect(decisions.contains("<th role=\"rowheader\" scope=\"row\">1</th>"))
            #expect(decisions.contains("pause: paused"))
            for html in [page, campaign, decisions] {
                #expect(!html.contains("<script>") && !html.contains(" style=") && !html.contains("onload='x'>"))
            }
            #expect(try site.request("/style.css").contains("text/css"))
            #expect(try site.request("/live.js").contains("text/javascript"))
        }
    }

    @Test func responsesHaveTheirHeadersAndNothingElseIsAnswered() throws {
        try withSite { site in
            let head = try site.request("/", fields: ["Origin: https://elsewhere.example"])
                .components(separatedBy: "\r\n\r\n")[0].lowercased()
            for needed in [
                "content-security-policy: default-src 'none'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
                    + "script-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action 'none'",
                "x-content-type-options: nosniff", "referrer-policy: no-referrer", "cache-control: no-store",
                "cross-origin-resource-policy: same-origin", "content-type: text/html; charset=utf-8",
            ] { #expect(head.contains(needed), "\(needed)") }
            #expect(!head.contains("access-control-") && !head.contains("set-cookie"))

            for method in ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"] {
                #expect(try site.status("/", method) == 405, "\(method)")
            }
            let empty = try site.request("/", "HEAD")
            #expect(empty.hasPrefix("HTTP/1.1 200 ") && empty.hasSuffix("\r\n\r\n"))
            for host in ["127.0.0.1", "127.0.0.1:8027", "localhost", "LOCALHOST:9000", "[::1]:8027", "192.0.2.7"] {
                #expect(try site.status("/", host: host) == 200, "\(host)")
            }
            for host in ["attacker.example", "localhost.attacker.example", "127.0.0.1.nip.io", "", "a b", "[::1"] {
                let code = try site.status("/", host: host)
                #expect(code == 421 || code == 400, "\(host): \(code)")
            }
            #expect(try site.status("/", fields: ["Host: attacker.example"]) == 421)
            #expect(try site.status("/style.css", host: "attacker.example") == 421)
            #expect(try site.status("/events", host: "attacker.example") == 421)
            for target in ["/nothing", "/login", "/campaign", "/campaign?id=unknown", "/../etc/passwd", "/v1/orders"] {
                #expect(try site.status(target) == 404, "\(target)")
            }
            for target in [
                "/decisions?before=x", "/decisions?campaign=%00", "/?page=-7", "/?page=99999999999999999999",
                "/?page=3",
            ] { #expect(try site.status(target) == 200, "\(target)") }
            let long = try site.status("/", fields: ["X: " + String(repeating: "x", count: 20000)])
            #expect(long == 400 || long == 431, "\(long)")
            let large = try site.request("/", "POST", body: String(repeating: "x", count: 10000))
            #expect(large.hasPrefix("HTTP/1.1 413 "))
        }
    }

    @Test func aTokenIsNeededIfOneIsSet() throws {
        let folder = try TemporaryFolder()
        let secret = "NeverShownTokenOfThePage"
        let token = try folder.write("token", secret + "\n")
        #expect(chmod(token, 0o600) == 0)
        try withSite(arguments: ["--web-token-file", token, "--web-host", "warden.example"]) { site in
            for target in ["/", "/campaign?id=bad", "/decisions", "/events", "/nothing"] {
                #expect(try site.status(target) == 401, "\(target)")
            }
            let form = try site.request("/")
            #expect(form.contains("form-action 'self'") && form.contains("<form method=\"post\" action=\"/login\">"))
            #expect(!form.contains("pool_a") && !form.contains("bad"))
            #expect(try site.status("/style.css") == 200)
            #expect(try site.status("/", fields: ["Authorization: Bearer \(secret)"]) == 200)
            for wrong in ["Bearer \(secret)x", "Bearer ", "Bearer", "Basic \(secret)", secret, "Bearer x"] {
                #expect(try site.status("/", fields: ["Authorization: \(wrong)"]) == 401, "\(wrong)")
            }
            #expect(try site.status("/", "POST", fields: ["Authorization: Bearer \(secret)"]) == 405)
            #expect(try site.status("/", host: "warden.example") == 401)

            #expect(try site.request("/login", "POST", body: "token=wrong").contains("not the token"))
            let reply = try site.request("/login", "POST", body: "token=\(secret)")
            #expect(reply.hasPrefix("HTTP/1.1 303 "))
            let cookie = try #require(
                reply.split(separator: "\r\n").first { $0.lowercased().hasPrefix("set-cookie: ") }?.dropFirst(12))
            #expect(cookie.hasSuffix("; Path=/; Max-Age=43200; HttpOnly; SameSite=Strict"))
            let session = cookie.prefix { $0 != ";" }
            #expect(try site.status("/", fields: ["Cookie: other=1; \(session)"]) == 200)
            #expect(try site.status("/", fields: ["Cookie: \(session)0"]) == 401)
            let secure = try site.request(
                "/login", "POST", host: "warden.example", fields: ["Origin: https://warden.example"],
                body: "token=\(secret)")
            #expect(secure.contains("SameSite=Strict; Secure"))
        }
    }

    @Test func theAddressAndTheTokenAreChecked() throws {
        let folder = try TemporaryFolder()
        _ = try folder.write("key", DaemonProcessTests.key + "\n")
        let policy = try folder.write(
            "policy.yaml", DaemonProcessTests.policy("http://127.0.0.1:9", folder, mode: "observe"))
        let run = ["run", "--no-ledger", "--log-format", "text", "--policy", policy]
        for address in ["8027", "0.0.0.0", "example.com:8027", "127.0.0.1:0", "127.0.0.1:65536", "web.sock", "[::1]"] {
            #expect(try Program.run(run + ["--web", address]).code == 64, "\(address)")
        }
        #expect(try Program.run(run + ["--web-token-file", "x"]).code == 64)
        let open = try Program.run(run + ["--web", "0.0.0.0:8027"])
        #expect(open.code == 78 && open.stderr.contains("reachable from other machines, so it needs a token"))
        let short = try folder.write("short", "tooShort\n")
        #expect(chmod(short, 0o600) == 0)
        let refused = try Program.run(run + ["--web", "127.0.0.1:8027", "--web-token-file", short])
        #expect(refused.code == 78 && refused.stderr.contains("less than 16 characters"))
        #expect(chmod(short, 0o644) == 0)
        let shared = try Program.run(run + ["--web", "127.0.0.1:8027", "--web-token-file", short])
        #expect(shared.code == 78 && shared.stderr.contains("accessible to others"))
        let absent = try Program.run(run + ["--web", "127.0.0.1:8027", "--web-token-file", "/nowhere/token"])
        #expect(absent.code == 78 && absent.stderr.contains("no such file; put the token of the status page into it"))
    }

    // MARK: Load

    private static let events = "GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n"

    @Test func theEventStreamDeliversChanges() throws {
        try withSite { site in
            let stream = try site.connect()
            stream.send(Self.events)
            let first = try stream.text { $0.contains("data: ") }
            #expect(first.contains("text/event-stream") && first.contains("retry: 3000"))
            let control = ["--control", site.folder.path + "/control.sock"]
            let before = try site.request("/")
            #expect(before.contains("Running, closest to its limit first (1)"))
            #expect(try Program.run(["pause", "good", "--reason", "test"] + control).code == 0)
            #expect(try stream.text { $0.contains("event: version") }.contains("data: "))
            #expect(site.daemon.wait { (try? site.request("/"))?.contains("Paused by Sendwarden (2)") == true })
            // The daemon ends open streams when it stops.
            let asked = ContinuousClock.now
            site.daemon.signal(SIGTERM)
            #expect(site.daemon.waitUntilExit().code == 0)
            #expect(ContinuousClock.now - asked < .seconds(3))
            #expect(!FileManager.default.fileExists(atPath: site.path))
        }
    }

    @Test func connectionsAndStreamsAreBounded() throws {
        try withSite { site in
            let streams = try (0..<40).map { _ in
                let stream = try site.connect()
                stream.send(Self.events)
                return (stream, try stream.response())
            }
            #expect(streams.prefix(32).allSatisfy { $0.1.hasPrefix("HTTP/1.1 200 ") })
            #expect(streams.dropFirst(32).allSatisfy { $0.1.hasPrefix("HTTP/1.1 503 ") && $0.1.contains("10") })
            let idle = try (0..<200).map { _ in try site.connect() }
            for _ in 0..<20 { #expect(try site.status("/") == 200) }
            // Neither the open streams nor the idle connections delay an order.
            let control = ["--control", site.folder.path + "/control.sock"]
            #expect(try Program.run(["pause", "good", "--reason", "test"] + control).code == 0)
            // The streams are still served.
            #expect(try streams[0].0.text { $0.contains("event: version") }.contains("data: "))
            withExtendedLifetime(idle) {}
        }
    }

    @Test func streamsThatEndAreReplaced() throws {
        try withSite { site in
            for _ in 0..<3 {
                let streams = try (0..<32).map { _ in
                    let stream = try site.connect()
                    stream.send(Self.events)
                    return (stream, try stream.response())
                }
                #expect(streams.allSatisfy { $0.1.hasPrefix("HTTP/1.1 200 ") })
                withExtendedLifetime(streams) {}
                usleep(300_000)
            }
        }
    }

    @Test func aReaderThatStopsIsDropped() throws {
        try withSite { site in
            let slow = try site.connect()
            // Until the socket's buffers are full, each response is complete; later requests wait in the socket.
            for _ in 0..<200 {
                slow.send("GET /style.css HTTP/1.1\r\nHost: localhost\r\n\r\n")
                usleep(3000)
            }
            let asked = ContinuousClock.now
            #expect(slow.waitForEnd())
            #expect(ContinuousClock.now - asked < .seconds(20))
            #expect(try site.status("/") == 200)
        }
    }

    @Test func aPortOfALoopbackAddressIsServed() throws {
        let port = 31000 + Int(getpid()) % 1000
        try DaemonProcessTests.withDaemon(mode: "observe", arguments: ["--web", "127.0.0.1:\(port)"]) {
            daemon, _, _, _ in
            #expect(daemon.wait { daemon.stderr.contains("daemon.ready") && (try? RawConnection(port: port)) != nil })
            let client = try RawConnection(port: port)
            client.send("GET / HTTP/1.1\r\nHost: 127.0.0.1:\(port)\r\n\r\n")
            #expect(try client.sizedResponse().contains("observe: nothing is sent"))
            // A second daemon reports that the port is taken, and guards its campaigns.
            try DaemonProcessTests.withDaemon(mode: "observe", arguments: ["--web", "127.0.0.1:\(port)"]) {
                second, _, _, _ in
                #expect(
                    second.wait {
                        second.stderr.contains(
                            "cannot serve the status page on 127.0.0.1:\(port): Address already in use")
                    })
                #expect(second.wait { second.stderr.contains("daemon.ready") })
            }
        }
    }
}
