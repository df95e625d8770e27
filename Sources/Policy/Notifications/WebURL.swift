/// An absolute URL, https or, for loopback addresses, http; its descriptions and its mirror show only the host.
package struct WebURL: Hashable, Sendable {
    /// Why a text is no usable URL.
    package enum Flaw: Error, Hashable, Sendable {
        case scheme, user, authority
        case plain(host: String)
        case characters
    }

    /// The whole URL; only for the request.
    package let text: String
    /// Scheme, host and port.
    package let origin: String

    package init(_ text: String) throws(Flaw) {
        guard let scheme = ["https://", "http://"].first(where: text.hasPrefix) else { throw .scheme }
        let rest = text.dropFirst(scheme.count)
        let end = rest.firstIndex { "/?#".contains($0) } ?? rest.endIndex
        let authority = rest[..<end]
        guard !authority.contains("@") else { throw .user }
        guard let host = URLAuthority.host(of: authority) else { throw .authority }
        guard scheme == "https://" || URLAuthority.isLoopback(host) else { throw .plain(host: String(host)) }
        guard text.utf8.allSatisfy({ (0x21...0x7e).contains($0) }), !rest.contains("#") else { throw .characters }
        (self.text, origin) = (text, scheme + authority)
    }
}

extension WebURL: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { origin }
    package var debugDescription: String { origin }
    package var customMirror: Mirror { Mirror(self, children: []) }
}

extension WebURL.Flaw {
    /// Without the text itself, which may be a secret.
    package var message: String {
        switch self {
        case .scheme: "the url must start with https://"
        case .user: "the url cannot contain a user or a password"
        case .authority: "the url has no valid host and port"
        case .plain(let host): "http would send requests unencrypted to \(host)"
        case .characters: "the url contains spaces, a fragment, or characters that are not ASCII"
        }
    }

    package var help: String {
        switch self {
        case .scheme: "for example https://hooks.example.com/…"
        case .user: "pass the token with 'credential:' or 'credential_file:'"
        case .authority: "for example https://hooks.example.com:8443/…"
        case .plain: "write https://; http is allowed for 127.0.0.1 only"
        case .characters: "percent-encode them"
        }
    }
}

/// The part of a URL with host and port.
enum URLAuthority {
    /// The host, if host and port are valid; brackets stay around an IPv6 address.
    static func host(of authority: Substring) -> Substring? {
        let host: Substring
        let rest: Substring
        if authority.hasPrefix("["), let end = authority.firstIndex(of: "]") {
            host = authority[...end]
            rest = authority[authority.index(after: end)...]
            guard host.dropFirst().dropLast().allSatisfy({ $0.isHexDigit || $0 == ":" || $0 == "." }) else {
                return nil
            }
        } else {
            host = authority.prefix { $0 != ":" }
            rest = authority[host.endIndex...]
            guard host.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "." || $0 == "-") }) else {
                return nil
            }
        }
        if rest.isEmpty { return host.isEmpty ? nil : host }
        guard rest.hasPrefix(":"), let port = Int(rest.dropFirst()), (1...65535).contains(port) else { return nil }
        return host.isEmpty ? nil : host
    }

    static func isLoopback(_ host: Substring) -> Bool {
        if host == "localhost" || host == "[::1]" { return true }
        let parts = host.split(separator: ".", omittingEmptySubsequences: false).map { UInt8($0) }
        return parts.count == 4 && parts.first == 127 && !parts.contains(nil)
    }
}
