import ArgumentParser
import AsyncHTTPClient
import Daemon
import FoundationEssentials
import Glibc
import NIOPosix
import Notifications
import Policy
import Providers

/// Checks whether the servers of receivers and of the heartbeat respond, without sending a notification.
struct ReceiverCheck {
    var policy: CheckedPolicy

    /// Reports each finding as soon as it is known.
    func run(_ report: (DoctorFinding) -> Void) async {
        guard !policy.receivers.isEmpty || policy.heartbeat != nil else { return }
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let http = HTTPClient(
            eventLoopGroupProvider: .shared(group), configuration: PlatformFactory.clientConfiguration)
        let courier = Courier(http, group)
        for receiver in policy.receivers { report(await check(receiver, courier)) }
        if let heartbeat = policy.heartbeat { report(await check(heartbeat, courier)) }
        try? await http.shutdown()
    }

    private func check(_ receiver: Receiver, _ courier: Courier) async -> DoctorFinding {
        let name = "receiver \(receiver.name)"
        do throws(CredentialError) {
            let endpoint = try ReceiverEndpoints.endpoint(receiver, directory)
            guard let reason = await courier.probe(receiver, endpoint) else {
                return .ok(
                    name,
                    "\(place(receiver, endpoint)) responds; 'sendwarden notify test \(receiver.name)' sends a test")
            }
            return failed(name, "\(place(receiver, endpoint)): \(reason)")
        } catch {
            return finding(name, error, receiver.secrets)
        }
    }

    private func check(_ heartbeat: Heartbeat, _ courier: Courier) async -> DoctorFinding {
        let secrets = [heartbeat.url.place].compactMap { $0 }
        do throws(CredentialError) {
            let url = try ReceiverEndpoints.url(heartbeat.url, of: "the heartbeat", directory)
            guard let reason = await courier.probe(url) else { return .ok("heartbeat", "\(url.origin) responds") }
            return failed("heartbeat", "\(url.origin): \(reason)")
        } catch {
            return finding("heartbeat", error, secrets)
        }
    }

    private func failed(_ name: String, _ detail: String) -> DoctorFinding {
        .failed(
            name, detail, "check the address, the firewall, and IPAddressAllow= of the unit if you set it", .unavailable
        )
    }

    private func place(_ receiver: Receiver, _ endpoint: ReceiverEndpoints.Endpoint?) -> String {
        if case .email(let email) = receiver.channel { return "mail server \(email.host):\(email.port)" }
        return endpoint?.url.origin ?? "its server"
    }

    /// Where systemd credentials are: those of the service, or the files from which the unit loads them.
    private var directory: String {
        ProcessInfo.processInfo.environment["CREDENTIALS_DIRECTORY"] ?? "/etc/credstore"
    }

    private func finding(
        _ name: String, _ error: CredentialError, _ secrets: [Workspace.Credential]
    ) -> DoctorFinding {
        let isEncrypted = secrets.contains { secret in
            if case .systemd(let name) = secret { access("/etc/credstore.encrypted/\(name)", F_OK) == 0 } else { false }
        }
        if isEncrypted {
            return .note(
                name, "its credential is encrypted: only the service can read it",
                "'sendwarden notify test' tests it through the service")
        }
        return .failed(
            name, error.message, "docs/notifications.md describes how to pass a URL or a token", ExitCode(error))
    }
}

extension Receiver {
    fileprivate var secrets: [Workspace.Credential] {
        switch channel {
        case .webhook(let webhook): [webhook.url.place, webhook.credential].compactMap { $0 }
        case .alertmanager(let manager): [manager.url.place, manager.credential].compactMap { $0 }
        case .email: []
        }
    }
}

extension Receiver.Address {
    fileprivate var place: Workspace.Credential? {
        switch self {
        case .inline: nil
        case .stored(let place): place
        }
    }
}
