import ArgumentParser
import AsyncHTTPClient
import Daemon
import Glibc
import Guard
import Model
import NIOPosix
import Policy
import Providers
import Threads

/// Checks the platform: host name, connection, TLS, clock, and the format of each endpoint's response.
struct PlatformCheck {
    var policy: CheckedPolicy
    var workspace: Workspace
    /// Nil if it could not be read; then only checks that need no key run.
    var key: APIKey?

    /// A larger difference between the clocks makes the platform's times misleading.
    private static let skewMax: Duration = .seconds(5)
    /// Requests for stats at once; the budget of the policy limits them, too.
    private static let requestsAtOnce = 8
    /// Findings of one kind beyond this number are only counted.
    private static let findingsMax = 10

    /// What the policy names and the platform does not know.
    struct Unknown {
        var campaigns: [CampaignID] = []
        /// True if the policy names campaigns, and the platform knows none of them.
        var knowsNoCampaign = false
        var pools: [String] = []
    }

    /// Reports each finding as soon as it is known.
    @discardableResult
    func run(_ report: (DoctorFinding) -> Void) async -> Unknown {
        let url = workspace.url
        let host = PlatformCheck.host(of: url)
        if let error = PlatformCheck.resolverError(host) {
            report(
                .failed(
                    "name", "cannot resolve \(host): \(error)", "check the policy's url and /etc/resolv.conf",
                    .unavailable))
            return Unknown()
        }
        report(.ok("name", "\(host) resolves"))
        let http = HTTPClient(
            eventLoopGroupProvider: .shared(MultiThreadedEventLoopGroup(numberOfThreads: 1)),
            configuration: PlatformFactory.clientConfiguration)
        let unknown = await connects(http, report) ? await endpoints(http, report) : Unknown()
        try? await http.shutdown()
        return unknown
    }

    private static func host(of url: String) -> String {
        let rest = url.split(separator: "/").last.map(String.init) ?? url
        if rest.hasPrefix("[") { return String(rest.dropFirst().prefix { $0 != "]" }) }
        return String(rest.prefix { $0 != ":" })
    }

    private static func resolverError(_ host: String) -> String? {
        var found: UnsafeMutablePointer<addrinfo>?
        let code = getaddrinfo(host, nil, nil, &found)
        if let found { freeaddrinfo(found) }
        return code == 0 ? nil : String(cString: gai_strerror(code))
    }

    private func connects(_ http: HTTPClient, _ report: (DoctorFinding) -> Void) async -> Bool {
        let url = workspace.url
        let secure = url.hasPrefix("https:")
        let before = SteadyTime.fromWallClock().now
        do throws(Fault) {
            let answer = try await PlatformProbe.probe(
                http, url: url, path: workspace.provider.traits.probePath, timeout: policy.poll.timeout)
            let took = SteadyTime.fromWallClock().now - before
            report(
                .ok(
                    "connection",
                    "\(url) responds in \(took.milliseconds) ms"
                        + (secure ? " with a trusted certificate" : " without TLS")))
            guard let date = answer.date else {
                report(.note("clock", "not compared: the platform's response has no Date header"))
                return true
            }
            // The header has whole seconds, and the response took some time.
            let skew = date - before
            let isOff = skew > PlatformCheck.skewMax + took || skew < .zero - PlatformCheck.skewMax
            report(
                isOff
                    ? .warning(
                        "clock", "differs from the platform's clock by \(skew.spokenText)",
                        "synchronize the clock with systemd-timesyncd or chrony; see 'timedatectl status'")
                    : .ok("clock", "within \(PlatformCheck.skewMax.policyText) of the platform's clock"))
            return true
        } catch {
            report(
                .failed(
                    "connection", "\(url): \(error.summary)",
                    secure && error.summary.hasPrefix("TLS")
                        ? "check the policy's url, and this machine's CA certificates and clock"
                        : "check the policy's url, the firewall and the platform's status page", .unavailable))
            return false
        }
    }

    private func endpoints(_ http: HTTPClient, _ report: (DoctorFinding) -> Void) async -> Unknown {
        var unknown = Unknown()
        guard let key else {
            report(.note("endpoints", "not checked: no key"))
            return unknown
        }
        let factory = PlatformFactory(
            http: http, time: SteadyTime.fromWallClock(), credentialsDirectory: nil,
            random: { Double.random(in: 0...1) })
        let platform: Platform
        do throws(CredentialError) {
            platform = try factory.connect(workspace, key, policy)
        } catch {
            report(.failed("key", error.message, "see docs/service.md for how to pass a key", ExitCode(error)))
            return unknown
        }
        if let volumes = platform.volumes, await !pools(volumes, report, &unknown) { return unknown }
        if let accounts = platform.accounts {
            do throws(Fault) {
                report(.ok("sender accounts", "\(try await accounts.accounts().count) reported"))
            } catch {
                if !explain("sender accounts", error, report) { return unknown }
            }
        }
        if let rosters = platform.rosters {
            if await !namedPools(rosters, report, &unknown) { return unknown }
            report(.note("removing and restoring senders", "not checked: these requests change pools"))
        }
        if let campaigns = platform.campaigns {
            await self.campaigns(campaigns, report, &unknown)
            report(.note("start and pause", "not checked: these requests change campaigns"))
        }
        return unknown
    }

    /// False if further requests would fail in the same way.
    private func pools(
        _ volumes: any VolumePlatform, _ report: (DoctorFinding) -> Void, _ unknown: inout Unknown
    ) async -> Bool {
        do throws(Fault) {
            let pools = try await volumes.pools()
            report(.ok("sender pools", "\(pools.count) reported"))
            let known = Set(pools.map(\.id))
            let named = policy.campaigns.filter { $0.workspace == workspace.name }.compactMap(\.pool)
            let missing = Set(named).subtracting(known).subtracting(policy.pools.map(\.name))
            unknown.pools += missing.map(\.text).sorted()
            if !missing.isEmpty {
                report(
                    .warning(
                        "sender pools",
                        "the platform does not report \(missing.map(\.text).sorted().joined(separator: ", "))",
                        "fix the policy; the platform reports \(known.map(\.text).sorted().prefix(5).joined(separator: ", "))"
                    ))
            }
            return true
        } catch {
            return explain("sender pools", error, report)
        }
    }

    /// Checks each pool under the policy's `pools`, and its members.
    private func namedPools(
        _ rosters: any RosterPlatform, _ report: (DoctorFinding) -> Void, _ unknown: inout Unknown
    ) async -> Bool {
        for binding in policy.pools where binding.workspace == workspace.name {
            let check = "pool \(binding.name)"
            do throws(Fault) {
                switch try await RosterReader(platform: rosters).finding(RosterQuery(binding: binding)) {
                case .found(let roster):
                    let capacity = roster.activeSenders.multipliedReportingOverflow(by: binding.perSenderDaily)
                    let detail =
                        "\(roster.pool.id) matches: \(roster.senders) senders, \(roster.activeSenders) activated for "
                        + "\(binding.channel.rawValue), \(capacity.partialValue) emails per day"
                    report(
                        roster.activeSenders > 0
                            ? .ok(check, detail)
                            : .warning(check, detail, "activate one of its senders, or fix 'channel' in the policy"))
                case .missing:
                    unknown.pools.append("that matches \(binding.target.text)")
                    report(
                        .warning(
                            check, "no pool of the workspace matches \(binding.target.text)",
                            "fix the policy; 'sendwarden pools' lists the pools"))
                case .ambiguous(let count):
                    report(
                        .warning(
                            check, "\(count) pools of the workspace match \(binding.target.text)",
                            "add an id, a name or a tag to pool_where, so that only one matches"))
                }
            } catch {
                if !explain(check, error, report) { return false }
            }
        }
        return true
    }

    private static func stats(
        of campaign: CampaignEntry, _ policy: CheckedPolicy, _ client: any CampaignPlatform
    ) async -> Result<CampaignStats, Fault> {
        do throws(Fault) {
            return .success(try await client.stats(of: campaign.id, with: policy.extraCounters(of: campaign)))
        } catch {
            return .failure(error)
        }
    }

    /// The kinds of findings about campaigns that may repeat.
    private enum Finding { case unknown, incomplete, gap }

    private func campaigns(
        _ client: any CampaignPlatform, _ report: (DoctorFinding) -> Void, _ unknown: inout Unknown
    ) async {
        var (good, readReplies) = (0, 0)
        let listed = policy.campaigns.filter { $0.workspace == workspace.name }
        var (found, silenced): ([Finding: Int], Int) = ([:], 0)
        var isOver = false
        func tell(_ kind: Finding, _ finding: DoctorFinding) {
            found[kind, default: 0] += 1
            if found[kind] ?? 0 <= PlatformCheck.findingsMax { report(finding) } else { silenced += 1 }
        }
        await inOrder(
            listed, atOnce: PlatformCheck.requestsAtOnce,
            { [policy] campaign in
                await PlatformCheck.stats(of: campaign, policy, client)
            }
        ) { campaign, result in
            do throws(Fault) {
                let stats = try result.get()
                good += 1
                if stats.unsubscribed != nil { readReplies += 1 }
                if let gap = stats.unsubscribedGap {
                    tell(
                        .gap,
                        .warning(
                            "replies to \(campaign.id)", "unsubscribed is unknown, because \(gap)",
                            "conditions that read it are unknown and pause nothing"))
                }
                var missing: [String] = []
                if stats.sent == nil { missing.append("sent") }
                if stats.delivered == nil { missing.append("delivered") }
                if stats.bounced == nil { missing.append("bounced") }
                if !missing.isEmpty {
                    tell(
                        .incomplete,
                        .warning(
                            "campaign \(campaign.id)", "its stats lack \(missing.joined(separator: ", "))",
                            "conditions that read these are unknown and pause nothing"))
                }
            } catch {
                if error.kind == .missing { unknown.campaigns.append(campaign.id) }
                let goesOn = explain("campaign \(campaign.id)", error) { finding in
                    if error.kind == .missing { tell(.unknown, finding) } else { report(finding) }
                }
                if !goesOn {
                    isOver = true
                    return false
                }
            }
            return true
        }
        if isOver { return }
        if silenced > 0 { report(.note("campaigns", "\(silenced) more findings like these")) }
        if good > 0 {
            let files = Set(policy.campaignFiles).sorted()
            report(
                .ok(
                    "campaign statistics",
                    "received for \(good) of \(listed.count)"
                        + (files.isEmpty ? "" : ", listed in the policy and in \(files.joined(separator: ", "))")))
        } else if !listed.isEmpty, unknown.campaigns.count == listed.count {
            unknown.knowsNoCampaign = true
            report(
                .failed(
                    "campaigns", "the platform knows none of the \(listed.count) campaigns, so nothing is guarded",
                    "compare the ids with those that the platform shows, and check that the key is for this workspace",
                    .badConfiguration))
        }
        if readReplies > 0 { report(.ok("replies", "unsubscribed is known for \(readReplies)")) }
    }

    /// False if further requests would fail in the same way.
    private func explain(_ check: String, _ fault: Fault, _ report: (DoctorFinding) -> Void) -> Bool {
        switch fault.kind {
        case .unauthorized:
            report(
                .failed(
                    check, "the platform rejects the key: \(fault.summary)",
                    "put a valid key into the credential that the policy names", .noPermission))
            return false
        case .missing:
            report(.warning(check, "not found on the platform: \(fault.summary)", "check its id in the policy"))
        case .throttled:
            report(
                .warning(
                    check, "the platform limits the request rate: \(fault.summary)", "lower poll.budget in the policy"))
            return false
        case .unexpected, .refused:
            report(
                .failed(
                    check, "unusable response: \(fault.summary)",
                    "the platform's API may have changed; report this with the output of 'sendwarden --version'",
                    .dataError))
        case .unreachable:
            report(.failed(check, fault.summary, "see the platform's status page, and try again later", .unavailable))
            return false
        }
        return true
    }
}
