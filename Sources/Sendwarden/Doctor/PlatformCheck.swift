import ArgumentParser
import AsyncHTTPClient
import Daemon
import Glibc
import Model
import NIOPosix
import Policy
import Providers

/// The doctor's look at the platform: name, connection, TLS, clock, and the shape of each endpoint's answer.
struct PlatformCheck {
    var policy: CheckedPolicy
    /// Nil where it could not be read: then only what needs none is looked at.
    var key: APIKey?

    /// Clocks that differ by more make the platform's times hard to read.
    private static let skewMax: Duration = .seconds(5)

    /// Tells each finding as soon as it is there.
    func look(_ tell: (DoctorFinding) -> Void) async {
        let url = policy.workspace.url
        let host = PlatformCheck.host(of: url)
        if let trouble = PlatformCheck.nameTrouble(host) {
            return tell(
                .failed(
                    "name", "\(host) cannot be resolved: \(trouble)", "check the policy's url, and /etc/resolv.conf",
                    .unavailable))
        }
        tell(.ok("name", "\(host) is resolved"))
        let http = HTTPClient(
            eventLoopGroupProvider: .shared(MultiThreadedEventLoopGroup(numberOfThreads: 1)),
            configuration: PlatformFactory.clientConfiguration)
        if await connects(http, tell) { await endpoints(http, tell) }
        try? await http.shutdown()
    }

    private static func host(of url: String) -> String {
        let rest = url.split(separator: "/").last.map(String.init) ?? url
        if rest.hasPrefix("[") { return String(rest.dropFirst().prefix { $0 != "]" }) }
        return String(rest.prefix { $0 != ":" })
    }

    private static func nameTrouble(_ host: String) -> String? {
        var found: UnsafeMutablePointer<addrinfo>?
        let code = getaddrinfo(host, nil, nil, &found)
        if let found { freeaddrinfo(found) }
        return code == 0 ? nil : String(cString: gai_strerror(code))
    }

    private func connects(_ http: HTTPClient, _ tell: (DoctorFinding) -> Void) async -> Bool {
        let url = policy.workspace.url
        let secure = url.hasPrefix("https:")
        let before = SteadyTime.fromWallClock().now
        do throws(Fault) {
            let answer = try await PlatformProbe.knock(http, url: url, timeout: policy.poll.timeout)
            let took = SteadyTime.fromWallClock().now - before
            tell(
                .ok(
                    "connection",
                    "\(url) answers in \(took.milliseconds) ms"
                        + (secure ? ", its certificate is trusted" : ", without TLS")))
            guard let date = answer.date else {
                tell(.note("clock", "the platform's answers have no Date header, so clocks cannot be compared"))
                return true
            }
            // The header has whole seconds, and the answer took a while.
            let skew = date - before
            let isOff = skew > PlatformCheck.skewMax + took || skew < .zero - PlatformCheck.skewMax
            tell(
                isOff
                    ? .warning(
                        "clock", "this machine's clock and the platform's differ by \(skew.spokenText)",
                        "let systemd-timesyncd or chrony set the clock: timedatectl status")
                    : .ok("clock", "agrees with the platform's within \(PlatformCheck.skewMax.policyText)"))
            return true
        } catch {
            tell(
                .failed(
                    "connection", "\(url): \(error.summary)",
                    secure && error.summary.hasPrefix("TLS")
                        ? "check the policy's url, the machine's CA certificates and its clock"
                        : "check the policy's url, the firewall and the platform's own status page", .unavailable))
            return false
        }
    }

    private func endpoints(_ http: HTTPClient, _ tell: (DoctorFinding) -> Void) async {
        guard let key else {
            return tell(.note("endpoints", "not asked, for want of a key"))
        }
        let time = SteadyTime.fromWallClock()
        let client = LeadterraClient(
            http: http, url: policy.workspace.url, key: key,
            gate: RequestGate(perSecond: policy.poll.budget.perSecond, time: time), timeout: policy.poll.timeout,
            time: time, random: { Double.random(in: 0...1) })
        do throws(Fault) {
            let pools = try await client.pools()
            tell(.ok("sender pools", "\(pools.count) reported"))
            let known = Set(pools.map(\.id))
            let missing = Set(policy.campaigns.compactMap(\.pool)).subtracting(known)
            if !missing.isEmpty {
                tell(
                    .warning(
                        "sender pools",
                        "the platform reports no \(missing.map(\.text).sorted().joined(separator: ", "))",
                        "it reports \(known.map(\.text).sorted().prefix(5).joined(separator: ", ")): mend the policy"))
            }
        } catch {
            if !explain("sender pools", error, tell) { return }
        }
        do throws(Fault) {
            tell(.ok("sender accounts", "\(try await client.accounts().count) reported"))
        } catch {
            if !explain("sender accounts", error, tell) { return }
        }
        await campaigns(client, tell)
        tell(.note("start and pause", "not tried, as they would act"))
    }

    private func campaigns(_ client: LeadterraClient, _ tell: (DoctorFinding) -> Void) async {
        var good = 0
        for campaign in policy.campaigns.prefix(DoctorCommand.campaignsMax) {
            do throws(Fault) {
                let stats = try await client.stats(of: campaign.id)
                good += 1
                var missing: [String] = []
                if stats.sent == nil { missing.append("sent") }
                if stats.delivered == nil { missing.append("delivered") }
                if stats.bounced == nil { missing.append("bounced") }
                if !missing.isEmpty {
                    tell(
                        .warning(
                            "campaign \(campaign.id)", "its answer lacks \(missing.joined(separator: ", "))",
                            "rules that read these are unknown, and pause nothing"))
                }
            } catch {
                if !explain("campaign \(campaign.id)", error, tell) { return }
            }
        }
        let rest = policy.campaigns.count - DoctorCommand.campaignsMax
        if good > 0 {
            tell(
                .ok(
                    "campaign statistics",
                    "\(good) answered" + (rest > 0 ? "; \(rest) more were not asked" : "")))
        }
    }

    /// False where nothing better can be expected of further requests.
    private func explain(_ check: String, _ fault: Fault, _ tell: (DoctorFinding) -> Void) -> Bool {
        switch fault.kind {
        case .unauthorized:
            tell(
                .failed(
                    check, "the platform refuses the key: \(fault.summary)",
                    "put a valid key into the file that the policy names", .noPermission))
            return false
        case .missing:
            tell(.warning(check, "the platform does not know it: \(fault.summary)", "check its id in the policy"))
        case .throttled:
            tell(.warning(check, "the platform throttles us: \(fault.summary)", "lower poll.budget in the policy"))
            return false
        case .unexpected, .refused:
            tell(
                .failed(
                    check, "the answer cannot be used: \(fault.summary)",
                    "the platform's API may have changed; report it with 'sendwarden --version'", .dataError))
        case .unreachable:
            tell(.failed(check, fault.summary, "try again later; see the platform's status page", .unavailable))
            return false
        }
        return true
    }
}
