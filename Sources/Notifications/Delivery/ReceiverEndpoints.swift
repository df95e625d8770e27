import Model
package import Policy
package import Providers

/// The URLs and tokens of a policy's receivers, read from their files; no description reveals them.
package struct ReceiverEndpoints: Sendable {
    package struct Endpoint: Sendable {
        package var url: WebURL
        package var authorization: AuthorizationValue?
    }

    /// By the receiver's name; emails have none.
    private var receivers: [String: Endpoint] = [:]
    package private(set) var heartbeat: WebURL?

    /// No receivers.
    package init() {}

    /// - Throws: if a file cannot be read or contains no usable URL.
    package init(_ policy: CheckedPolicy, credentialsDirectory: String?) throws(CredentialError) {
        for receiver in policy.receivers {
            receivers[receiver.name] = try ReceiverEndpoints.endpoint(receiver, credentialsDirectory)
        }
        if let address = policy.heartbeat?.url {
            heartbeat = try ReceiverEndpoints.url(address, of: "the heartbeat", credentialsDirectory)
        }
    }

    package subscript(_ receiver: String) -> Endpoint? { receivers[receiver] }

    /// Nil for a receiver without a URL.
    package static func endpoint(
        _ receiver: Receiver, _ directory: String?
    ) throws(CredentialError) -> Endpoint? {
        let (address, credential): (Receiver.Address, Workspace.Credential?)
        switch receiver.channel {
        case .webhook(let webhook): (address, credential) = (webhook.url, webhook.credential)
        case .alertmanager(let manager): (address, credential) = (manager.url, manager.credential)
        case .email: return nil
        }
        let url = try url(address, of: "receiver \(receiver.name)", directory)
        guard let credential else { return Endpoint(url: url) }
        let token = try read(credential, .init(noun: "the receiver's token", fileKey: "credential_file"), directory)
        return Endpoint(url: url, authorization: token.isPair ? .basic(token) : .bearer(token))
    }

    package static func url(
        _ address: Receiver.Address, of what: String, _ directory: String?
    ) throws(CredentialError) -> WebURL {
        switch address {
        case .inline(let url): return url
        case .stored(let place):
            let secret = try read(place, .init(noun: "the receiver's URL", fileKey: "url_file"), directory)
            do throws(WebURL.Flaw) {
                return try WebURL(secret.secret)
            } catch {
                throw CredentialError(
                    code: .refused, message: "the file with the url of \(what): \(error.message); \(error.help)")
            }
        }
    }

    private static func read(
        _ place: Workspace.Credential, _ content: CredentialReader.Content, _ directory: String?
    ) throws(CredentialError) -> APIKey {
        switch place {
        case .systemd(let name): try CredentialReader.systemd(name, directory: directory, content)
        case .file(let path): try CredentialReader.file(path, content)
        }
    }
}
