package import AsyncHTTPClient
package import Model
import NIOCore
package import Policy
package import Providers

/// Makes the clients that a policy's workspaces ask for.
package struct PlatformFactory: Sendable {
    private let http: HTTPClient
    private let time: any TimeSource
    private let credentialsDirectory: String?
    private let random: @Sendable () -> Double

    package init(
        http: HTTPClient, time: any TimeSource, credentialsDirectory: String?, random: @escaping @Sendable () -> Double
    ) {
        self.http = http
        self.time = time
        self.credentialsDirectory = credentialsDirectory
        self.random = random
    }

    /// Reads every key, and makes a client with each.
    package func platforms(for policy: CheckedPolicy) throws(CredentialError) -> Platforms {
        var platforms: [WorkspaceName: Platform] = [:]
        for workspace in policy.workspaces { platforms[workspace.name] = try platform(workspace, policy) }
        return Platforms(platforms)
    }

    /// Reads a workspace's key, and makes the client with it.
    package func platform(_ workspace: Workspace, _ policy: CheckedPolicy) throws(CredentialError) -> Platform {
        let key: APIKey
        switch workspace.credential {
        case .systemd(let name): key = try CredentialReader.systemd(name, directory: credentialsDirectory)
        case .file(let path): key = try CredentialReader.file(path)
        }
        return try connect(workspace, key, policy)
    }

    /// Makes the client of a workspace with a key that is known to be well kept.
    package func connect(
        _ workspace: Workspace, _ key: APIKey, _ policy: CheckedPolicy
    ) throws(CredentialError) -> Platform {
        guard !workspace.provider.traits.keyIsPair || key.isPair else {
            throw CredentialError(
                code: .refused,
                message: "the key of workspace \(workspace.name) is no pair with a colon; put "
                    + "\(workspace.provider.traits.keyForm) into its file, on one line")
        }
        let gate = RequestGate(perSecond: policy.poll.budget.perSecond, time: time)
        switch workspace.provider {
        case .leadterra:
            let client = LeadterraClient(
                http: http, url: workspace.url, key: key, gate: gate, timeout: policy.poll.timeout, time: time,
                random: random)
            return Platform(campaigns: client, volumes: client, accounts: client)
        case .twilioComms:
            let client = TwilioCommsClient(
                http: http, url: workspace.url, key: key, gate: gate, timeout: policy.poll.timeout, time: time,
                random: random)
            return Platform(rosters: client)
        }
    }

    /// How requests are made: TLS verified, nothing followed, nothing unpacked, nothing kept open for long.
    package static var clientConfiguration: HTTPClient.Configuration {
        var configuration = HTTPClient.Configuration(
            redirectConfiguration: .disallow, timeout: .init(connect: .seconds(5)), decompression: .disabled)
        configuration.httpVersion = .http1Only
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 8
        configuration.connectionPool.retryConnectionEstablishment = false
        return configuration
    }
}
