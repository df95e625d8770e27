package import AsyncHTTPClient
package import Model
import NIOCore
package import Policy
package import Providers

/// Makes the client that a policy's workspace asks for.
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

    /// Reads the key, and makes the client.
    package func platform(for policy: CheckedPolicy) throws(CredentialError) -> any SendingPlatform {
        let key: APIKey
        switch policy.workspace.credential {
        case .systemd(let name): key = try CredentialReader.systemd(name, directory: credentialsDirectory)
        case .file(let path): key = try CredentialReader.file(path)
        }
        switch policy.workspace.provider {
        case .leadterra:
            return LeadterraClient(
                http: http, url: policy.workspace.url, key: key,
                gate: RequestGate(perSecond: policy.poll.budget.perSecond, time: time), timeout: policy.poll.timeout,
                time: time, random: random)
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
