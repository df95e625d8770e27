package import AsyncHTTPClient
package import Model
import Notifications
package import Policy
package import Providers

/// Creates the clients for a policy's workspaces.
package struct PlatformFactory: Sendable {
    private let connections: Connections
    private let time: any TimeSource
    private let credentialsDirectory: String?
    private let random: @Sendable () -> Double

    private let gates = GateRegistry()

    package init(
        connections: Connections, time: any TimeSource, credentialsDirectory: String?,
        random: @escaping @Sendable () -> Double
    ) {
        self.connections = connections
        self.time = time
        self.credentialsDirectory = credentialsDirectory
        self.random = random
    }

    /// Uses one client for all lanes, for commands that send a few requests.
    package init(
        http: HTTPClient, time: any TimeSource, credentialsDirectory: String?, random: @escaping @Sendable () -> Double
    ) {
        self.init(
            connections: Connections(all: http), time: time, credentialsDirectory: credentialsDirectory, random: random)
    }

    /// Reads the keys, and the URLs of receivers, and creates a client for each workspace.
    package func platforms(for policy: CheckedPolicy) throws(CredentialError) -> Platforms {
        var platforms: [WorkspaceName: Platform] = [:]
        for workspace in policy.workspaces { platforms[workspace.name] = try platform(workspace, policy) }
        return Platforms(
            platforms, endpoints: try ReceiverEndpoints(policy, credentialsDirectory: credentialsDirectory))
    }

    /// Reads a workspace's key and creates its client.
    package func platform(_ workspace: Workspace, _ policy: CheckedPolicy) throws(CredentialError) -> Platform {
        let key: APIKey
        switch workspace.credential {
        case .systemd(let name): key = try CredentialReader.systemd(name, directory: credentialsDirectory)
        case .file(let path): key = try CredentialReader.file(path)
        }
        return try connect(workspace, key, policy)
    }

    /// Creates a workspace's client with a key that was read before.
    package func connect(
        _ workspace: Workspace, _ key: APIKey, _ policy: CheckedPolicy
    ) throws(CredentialError) -> Platform {
        guard !workspace.provider.traits.keyIsPair || key.isPair else {
            throw CredentialError(
                code: .refused,
                message: "the key of workspace \(workspace.name) has no colon; put "
                    + "\(workspace.provider.traits.keyForm) into its file, on one line")
        }
        let gate = gates.gate(of: workspace, policy, time)
        switch workspace.provider {
        case .leadterra:
            let client = LeadterraClient(
                connections: connections, url: workspace.url, key: key, gate: gate, timeout: policy.poll.timeout,
                time: time,
                random: random)
            return Platform(campaigns: client, volumes: client, accounts: client)
        case .twilioComms:
            let client = TwilioCommsClient(
                connections: connections, url: workspace.url, key: key, gate: gate, timeout: policy.poll.timeout,
                time: time,
                random: random)
            return Platform(rosters: client)
        }
    }

    /// The configuration of all HTTP clients.
    package static var clientConfiguration: HTTPClient.Configuration { Connections.configuration }
}
