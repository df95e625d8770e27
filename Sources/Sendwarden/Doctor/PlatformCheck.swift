import ArgumentParser
import AsyncHTTPClient
import Daemon
import Glibc
import Guard
import Model
import NIOPosix
import Policy
import Providers

/// The doctor's look at the platform: name, connection, TLS, clock, and the shape of each endpoint's answer.
struct PlatformCheck {
    var policy: CheckedPolicy
    var workspace: Workspace
    /// Nil where it could not be read: then only what needs none is looked at.
    var key: APIKey?

    /// Clocks that differ by more make the platform's times hard to read.
    private static let skewMax: Duration = .seconds(5)

    /// Tells each finding as soon as it is there.
    func look(_ tell: (DoctorFinding) -> Void) async {
        let url = workspace.url
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
        let url = workspace.url
        let secure = url.hasPrefix("https:")
        let before = SteadyTime.fromWallClock().now
        do throws(Fault) {
            let answer = try await PlatformProbe.probe(
                http, url: url, path: workspace.provider.traits.probePath, timeout: policy.poll.timeout)
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
        let factory = PlatformFactory(
            http: http, time: SteadyTime.fromWallClock(), credentialsDirectory: nil,
            random: { Double.random(in: 0...1) })
        let platform: Platform
        do throws(CredentialError) {
            platform = try factory.connect(workspace, key, policy)
        } catch {
            return tell(.failed("key", error.message, "docs/service.md says how a key is passed", ExitCode(error)))
        }
        if let volumes = platform.volumes, await !pools(volumes, tell) { return }
        if let accounts = platform.accounts {
            do throws(Fault) {
                tell(.ok("sender accounts", "\(try await accounts.accounts().count) reported"))
            } catch {
                if !explain("sender accounts", error, tell) { return }
            }
        }
        if let rosters = platform.rosters {
            if await !namedPools(rosters, tell) { return }
            tell(.note("removing and restoring senders", "not tried, as they would act"))
        }
        if let campaigns = platform.campaigns {
            await self.campaigns(campaigns, tell)
            tell(.note("start and pause", "not tried, as they would act"))
        }
    }

    /// False where nothing better can be expected of further requests.
    private func pools(_ volumes: any VolumePlatform, _ tell: (DoctorFinding) -> Void) async -> Bool {
        do throws(Fault) {
            let pools = try await volumes.pools()
            tell(.ok("sender pools", "\(pools.count) reported"))
            let known = Set(pools.map(\.id))
            let named = policy.campaigns.filter { $0.workspace == workspace.name }.compactMap(\.pool)
            let missing = Set(named).subtracting(known).subtracting(policy.pools.map(\.name))
            if !missing.isEmpty {
                tell(
                    .warning(
                        "sender pools",
                        "the platform reports no \(missing.map(\.text).sorted().joined(separator: ", "))",
                        "it reports \(known.map(\.text).sorted().prefix(5).joined(separator: ", ")): mend the policy"))
            }
            return true
        } catch {
            return explain("sender pools", error, tell)
        }
    }

    /// Each pool that the policy gives a name, with its members.
    private func namedPools(_ rosters: any RosterPlatform, _ tell: (DoctorFinding) -> Void) async -> Bool {
        for binding in policy.pools where binding.workspace == workspace.name {
            let check = "pool \(binding.name)"
            do throws(Fault) {
                switch try await RosterReader(platform: rosters).finding(RosterQuery(binding: binding)) {
                case .found(let roster):
                    let capacity = roster.activeSenders.multipliedReportingOverflow(by: binding.perSenderDaily)
                    let detail =
                        "found as \(roster.pool.id): \(roster.senders) senders, \(roster.activeSenders) activated for "
                        + "\(binding.channel.rawValue), \(capacity.partialValue) mails a day"
                    tell(
                        roster.activeSenders > 0
                            ? .ok(check, detail)
                            : .warning(check, detail, "activate a sender of it, or mend 'channel' in the policy"))
                case .missing:
                    tell(
                        .warning(
                            check, "no pool of the workspace is \(binding.target.text)",
                            "'sendwarden pools' lists what there is: mend the policy"))
                case .ambiguous(let count):
                    tell(
                        .warning(
                            check, "\(count) pools of the workspace are \(binding.target.text)",
                            "add an id, a name or a tag to its pool_where, so that one is meant"))
                }
            } catch {
                if !explain(check, error, tell) { return false }
            }
        }
        return true
    }

    private func campaigns(_ client: any CampaignPlatform, _ tell: (DoctorFinding) -> Void) async {
        var good = 0
        let listed = policy.campaigns.filter { $0.workspace == workspace.name }
        for campaign in listed.prefix(DoctorCommand.campaignsMax) {
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
        let rest = listed.count - DoctorCommand.campaignsMax
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
