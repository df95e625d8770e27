import ArgumentParser
import Gateway
import Glibc
import Journal
import Model
import Providers

/// The status page of `sendwarden run`.
struct WebOption: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Also serve a read-only status page on this address.",
            discussion: "127.0.0.1:8027, [::1]:8027, or the absolute path of a Unix socket. Every user of this machine "
                + "can read a page on a loopback address without a token; other addresses need one.",
            valueName: "address"))
    var web: String?

    @Option(
        help: ArgumentHelp(
            "The token that the status page requires, in a file with mode 0600.",
            discussion: "By default the systemd credential web-token, if the unit passes it.", valueName: "file"))
    var webTokenFile: String?

    @Option(
        help: ArgumentHelp(
            "A host name under which a proxy serves the status page; can be repeated.", valueName: "name"))
    var webHost: [String] = []

    /// The credential that systemd passes.
    private static let credential = "web-token"

    private static let content = CredentialReader.Content(
        noun: "the token of the status page", fileKey: "--web-token-file")

    func validate() throws {
        guard let web else {
            if webTokenFile != nil { throw ValidationError("--web-token-file needs --web.") }
            if !webHost.isEmpty { throw ValidationError("--web-host needs --web.") }
            return
        }
        if WebAddress(web) == nil {
            throw ValidationError(
                "--web \(web) is neither an IP address with a port, such as 127.0.0.1:8027, nor the absolute path of a "
                    + "Unix socket.")
        }
    }

    /// Who may read the page, and where; nil without a page.
    ///
    /// - Parameter directory: the value of `CREDENTIALS_DIRECTORY`.
    func access(_ directory: String?) throws(CredentialError) -> WebServer.Access? {
        guard let address = web.flatMap({ WebAddress($0) }) else { return nil }
        let token = try token(directory)
        if token == nil, !address.isLocal {
            throw CredentialError(
                code: .refused,
                message: "--web \(address.text) is reachable from other machines, so it needs a token: give "
                    + "--web-token-file, or the systemd credential \(WebOption.credential)")
        }
        return WebServer.Access(address, token: token, hosts: webHost)
    }

    private func token(_ directory: String?) throws(CredentialError) -> AccessToken? {
        let (key, path): (APIKey, String)
        if let webTokenFile {
            (key, path) = (try CredentialReader.file(webTokenFile, WebOption.content), webTokenFile)
        } else {
            guard let directory, !directory.isEmpty, Glibc.access("\(directory)/\(WebOption.credential)", F_OK) == 0
            else { return nil }
            path = "the credential \(WebOption.credential)"
            key = try CredentialReader.systemd(WebOption.credential, directory: directory, WebOption.content)
        }
        guard let token = AccessToken(Array(key.fileContent.dropLast())) else {
            throw CredentialError(
                code: .refused,
                message: "\(path) has a token of less than \(AccessToken.bytesMin) characters; write a random one, for "
                    + "example with: openssl rand -hex 32")
        }
        return token
    }
}
