import ArgumentParser
import AsyncHTTPClient
import Daemon
import FoundationEssentials
import Gateway
import Glibc
import Guard
import Journal
import Ledger
import Logging
import Model
import NIOPosix
import Notifications
import Policy
import Providers
import ServiceLifecycle
import Threads
import UnixSignals

/// `sendwarden run`: the daemon.
struct RunCommand: AsyncParsableCommand {
    enum LogFormat: String, CaseIterable, ExpressibleByArgument {
        case auto, journal, text, json
    }

    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Run the daemon.",
        discussion: """
            Guards the campaigns of a policy. SIGTERM and Ctrl-C stop it with exit code 0. SIGHUP reloads the policy; \
            'sendwarden reload' does the same and reports the outcome. A policy with an error is refused, and the \
            policy in use stays in use. The API key comes from a systemd credential or from a file that only its owner \
            can read, depending on the policy.
            Exits with 65 if the ledger is damaged, 66 if the policy does not exist, 69 if another daemon uses the \
            ledger or the control socket, 77 without permission to read the policy or the key, 78 if the policy or \
            the key is refused.

            Example: sendwarden run --policy policy.yaml --log-format text
            """)

    @OptionGroup var policy: PolicyOption

    @Option(
        help: ArgumentHelp(
            "The log format: \(LogFormat.allCases.map(\.rawValue).joined(separator: ", ")).",
            discussion: "auto selects journal under systemd, text on a terminal, and json otherwise."))
    var logFormat = LogFormat.auto

    @Option(
        help: ArgumentHelp(
            "The ledger, which stores state across restarts.",
            discussion: "By default ledger.sqlite in $STATE_DIRECTORY, or in ~/.local/state/sendwarden for a daemon "
                + "that is not a service.", valueName: "file"))
    var ledger: String?

    @Flag(help: "Store nothing, so the daemon loses its state when it stops.")
    var noLedger = false

    @Flag(help: "Move a damaged ledger aside and create a new one.")
    var recoverLedger = false

    @Option(
        help: ArgumentHelp(
            "The control socket, for orders and metrics.",
            discussion: "By default control.sock in $RUNTIME_DIRECTORY, or in $XDG_RUNTIME_DIR/sendwarden for a "
                + "daemon that is not a service.", valueName: "file"))
    var control: String?

    @Option(help: ArgumentHelp("Also serve metrics and health probes on this port of 127.0.0.1.", valueName: "port"))
    var metricsPort: Int?

    @Option(
        help: ArgumentHelp(
            "Also write metrics to this file every 15 seconds, for node_exporter's textfile collector.",
            valueName: "file"))
    var metricsFile: String?

    @OptionGroup var web: WebOption

    func validate() throws {
        if noLedger, ledger != nil { throw ValidationError("--no-ledger and --ledger cannot be combined.") }
        if noLedger, recoverLedger { throw ValidationError("--no-ledger and --recover-ledger cannot be combined.") }
        if let metricsPort, !(1...65535).contains(metricsPort) {
            throw ValidationError("--metrics-port \(metricsPort) is outside 1 to 65535.")
        }
    }

    func run() async throws {
        ProcessHardening.apply()
        let environment = ProcessInfo.processInfo.environment
        let threads = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let time = EventLoopTime(SteadyTime.fromWallClock(), threads.any())
        let journal = Journal(format: format(environment), time: time)
        let connections = Connections(.shared(threads))
        let factory = PlatformFactory(
            connections: connections, time: time, credentialsDirectory: environment["CREDENTIALS_DIRECTORY"],
            random: { Double.random(in: 0...1) })
        // A thread and connections of their own, so that receivers cannot delay a decision.
        let courierThread = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let courierHTTP = HTTPClient(
            eventLoopGroupProvider: .shared(courierThread), configuration: PlatformFactory.clientConfiguration)
        let outcome: Result<Void, any Error>
        do {
            let courier = Courier(courierHTTP, courierThread)
            outcome = .success(try await guardCampaigns(journal, time, factory, threads, courier))
        } catch {
            outcome = .failure(error)
        }
        try? await courierHTTP.shutdown()
        try? await connections.shutdown()
        // The last entry reports why the daemon stopped, so it must reach the log.
        await journal.close(within: RunCommand.flushMax)
        try outcome.get()
    }

    /// How long the shutdown waits for the log's reader; with what the services and the ledger have, the process ends
    /// within 3 s.
    private static let flushMax: Duration = .seconds(1)

    private func guardCampaigns(
        _ journal: Journal, _ time: EventLoopTime, _ factory: PlatformFactory, _ threads: MultiThreadedEventLoopGroup,
        _ courier: Courier
    ) async throws {
        let access = try webAccess(journal)
        // One thread for reading and writing files, so that a hung disk blocks no other thread.
        let files = BlockingWork("files", threads: 1, unfinishedMax: 16)
        let reloader = PolicyReloader(path: self.policy.path, factory: factory, files: files)
        let (policy, platforms, loaded) = try await load(reloader, journal)
        for path in [userLedger, userControl].compactMap({ $0 }) { ServiceDirectory.createFolder(of: path) }
        let claim = try claimSocket(journal)
        journal.report(
            JournalEvent(
                .daemonStarted,
                "sendwarden \(Version.current) started for "
                    + policy.workspaces.map { "workspace \($0.name) on \($0.url)" }.joined(separator: ", ")
                    + chosenPaths,
                fields: [
                    .version: Version.current, .workspace: policy.workspace.name.text,
                    .provider: policy.workspace.provider.rawValue, .mode: policy.mode.rawValue,
                ]))
        let (ledger, warden) = try await openLedger(policy, journal, at: time.now)
        if let (inUse, recalled) = warden.peek({ ($0.policy, $0.recalledList) }) {
            journal.report(loaded.event(inUse))
            if let recalled { reloader.use(recalled: recalled) }
        }
        // The guard's windows hold a tenth of what was read; the rest of the memory goes back to the system.
        Heap.trim()
        let control = ControlChannel()
        var surroundings = GuardService.Surroundings(
            journal: journal, notifier: ServiceNotifier(), time: time, random: { Double.random(in: 0...1) },
            control: control, ledger: ledger,
            reload: { await reloader.reload($0, from: ledger?.queries, at: time.now) })
        surroundings.executor = EventLoopTaskExecutor(threads.any())
        surroundings.realTime = time
        surroundings.wallClock = { SteadyTime.fromWallClock().now }
        let notifier = Notifier(
            courier: courier, link: GuardLink(control, ledger: ledger?.queries, time: time), time: time,
            random: { Double.random(in: 0...1) })
        notifier.adopt(policy, platforms.endpoints)
        surroundings.notifications = notifier
        let service = GuardService(warden: warden, platforms: platforms, surroundings: surroundings)
        // They are stopped in reverse order: the guard first, so that the control socket is there for its last answers.
        let services: [any Service] =
            windows(
                claim == nil ? nil : controlPath, access, control, journal, threads, files, ledger?.queries, notifier)
            + [
                notifier, HangupService(control: control), CampaignFileWatch(reloader, control: control, time: time),
                service,
            ]
        var configuration = ServiceGroupConfiguration(
            services: services.map { .init(service: $0) }, gracefulShutdownSignals: [.sigterm, .sigint], logger: .silent
        )
        // Services that have not stopped by then are cancelled; the guard needs most of it for requests in flight.
        configuration.maximumGracefulShutdownDuration =
            GuardService.requestsMax + GuardService.drainMax + RunCommand.connectionsMax
        let outcome: Result<Void, any Error>
        do {
            outcome = .success(try await ServiceGroup(configuration: configuration).run())
        } catch {
            outcome = .failure(error)
        }
        if let ledger { _ = await bounded(by: RunCommand.closeMax) { await ledger.close() } }
        withExtendedLifetime(claim) {}
        try outcome.get()
    }

    /// How long the shutdown waits for connections to the control socket, after the guard has stopped.
    private static let connectionsMax: Duration = .milliseconds(200)
    /// How long the shutdown waits for the ledger to close; killing the process would not damage it.
    private static let closeMax: Duration = .milliseconds(200)

    /// The paths in the user's folders; nil if an option or a service sets another.
    private var userControl: String? {
        control == nil && ControlOption.standardPath == nil ? ServiceDirectory.userRuntime("control.sock") : nil
    }

    private var userLedger: String? {
        let isSet = noLedger || ledger != nil || LedgerOption.standardPath != nil
        return isSet ? nil : ServiceDirectory.userState("ledger.sqlite")
    }

    private var controlPath: String? { control ?? ControlOption.standardPath ?? userControl }

    private var ledgerPath: String? { noLedger ? nil : ledger ?? LedgerOption.standardPath ?? userLedger }

    /// The paths in the user's folders, for the first log entry.
    private var chosenPaths: String {
        [userLedger.map { "; ledger \($0)" }, userControl.map { "; control socket \($0)" }].compactMap { $0 }.joined()
    }

    /// The right to the control socket; nil if there is to be none.
    private func claimSocket(_ journal: Journal) throws -> SocketClaim? {
        guard let controlPath else { return nil }
        do throws(SocketClaim.Taken) {
            return try SocketClaim(controlPath)
        } catch {
            // No option names this socket, so a second daemon of the same user runs without one.
            if userControl != nil {
                journal.report(
                    JournalEvent(
                        .controlFailed,
                        "no control socket: \(error.message); campaigns are still watched; for orders and queries, give "
                            + "this daemon a socket of its own with --control", fields: [.reason: error.message]))
                return nil
            }
            journal.report(
                JournalEvent(
                    .controlFailed, priority: .critical, "cannot start: \(error.message)",
                    fields: [.reason: error.message]))
            throw ExitCode.unavailable
        }
    }

    /// The access to the status page; nil if there is to be none.
    private func webAccess(_ journal: Journal) throws -> WebServer.Access? {
        do throws(CredentialError) {
            return try web.access(ProcessInfo.processInfo.environment["CREDENTIALS_DIRECTORY"])
        } catch {
            journal.report(
                JournalEvent(
                    .controlFailed, priority: .critical, "cannot start: \(error.message)",
                    fields: [.reason: error.message]))
            throw error.code == .noPermission ? ExitCode.noPermission : ExitCode.badConfiguration
        }
    }

    /// The control socket, the metrics endpoints and the status page.
    ///
    /// - Parameter socket: the path of the control socket; nil for none.
    private func windows(
        _ socket: String?, _ access: WebServer.Access?, _ channel: ControlChannel, _ journal: Journal,
        _ threads: MultiThreadedEventLoopGroup, _ files: BlockingWork, _ ledger: (any LedgerQueries)?,
        _ notifier: Notifier
    ) -> [any Service] {
        var services: [any Service] = []
        if let path = socket {
            services.append(
                ControlServer(
                    .socket(path: path), control: channel, journal: journal, threads: threads, ledger: ledger,
                    notifications: notifier))
        }
        if let metricsPort {
            services.append(
                ControlServer(
                    .loopback(host: "127.0.0.1", port: metricsPort), control: channel, journal: journal,
                    threads: threads))
        }
        if let access {
            services.append(
                WebServer(
                    access, source: StatusSource(control: channel, ledger: ledger), journal: journal, threads: threads,
                    files: files))
        }
        if let metricsFile {
            services.append(MetricsFile(path: metricsFile, control: channel, journal: journal, files: files))
        }
        return services
    }

    /// The guard with the state of its ledger, or without state if there is no ledger.
    private func openLedger(
        _ policy: CheckedPolicy, _ journal: Journal, at now: Instant
    ) async throws -> ((any LedgerStore)?, Handover<Guard>) {
        guard let path = ledgerPath else {
            return (nil, Handover(Guard(policy: policy, at: now)))
        }
        do throws(LedgerError) {
            let opened = try await LedgerLocation(path).open(
                LedgerScope(policy), recovers: recoverLedger, window: policy.memoryWindow, at: now)
            if let aside = opened.setAside {
                journal.report(
                    JournalEvent(
                        .ledgerRecovered, priority: .warning,
                        "the damaged ledger was moved to \(aside) and a new one created; Sendwarden does not "
                            + "know which campaigns it had paused"))
            }
            return (opened.store, Handover(Guard(policy: policy, memory: opened.memory, at: now)))
        } catch {
            journal.report(
                JournalEvent(.ledgerFailed, "cannot start: \(error.message)", fields: [.reason: error.message]))
            throw ExitCode(error)
        }
    }

    private func load(
        _ reloader: PolicyReloader, _ journal: Journal
    ) async throws -> (CheckedPolicy, Platforms, LoadReport) {
        do throws(PolicyRefusal) {
            return try await reloader.load()
        } catch let refusal {
            let error = refusal.advising(
                "give a policy: sendwarden run --policy policy.yaml; 'sendwarden init' writes a first one")
            journal.report(
                JournalEvent(
                    .policyRefused, priority: .critical, "cannot start: \(error.message)",
                    fields: [.policy: policy.path, .reason: error.message]))
            throw ExitCode(error)
        }
    }

    private func format(_ environment: [String: String]) -> Journal.Format {
        switch logFormat {
        case .auto: Journal.defaultFormat(journalStream: environment["JOURNAL_STREAM"])
        case .journal: .journal
        case .text: .text
        case .json: .json
        }
    }
}

/// Reloads the policy on SIGHUP.
private struct HangupService: Service {
    let control: ControlChannel

    func run() async throws {
        for await _ in await UnixSignalsSequence(trapping: .sighup).cancelOnGracefulShutdown() {
            _ = await control.reload(by: nil)
        }
    }
}

extension PolicyRefusal {
    /// The refusal with this advice, if the file does not exist.
    fileprivate func advising(_ hint: String) -> PolicyRefusal {
        switch self {
        case .unreadable(let error): .unreadable(error.advising(hint))
        case .unsound, .credential, .emptied, .unknownPast, .busy: self
        }
    }
}

extension SteadyTime {
    /// Starts at the wall clock's time and is monotonic: steps of the wall clock neither fire nor clear a rule.
    static func fromWallClock() -> SteadyTime {
        SteadyTime(startingAt: Instant(milliseconds: Int64(Date().timeIntervalSince1970 * 1000)))
    }
}
