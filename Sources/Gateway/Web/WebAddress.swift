import Glibc

/// The address of the status page.
package enum WebAddress: Hashable, Sendable {
    /// A port of an IP address.
    case port(Int, of: String)
    /// A Unix socket, accessible to its owner and the group.
    case socket(path: String)

    /// `127.0.0.1:8027`, `[::1]:8027`, `localhost:8027` or the absolute path of a Unix socket; nil for anything else.
    package init?(_ text: String) {
        if text.hasPrefix("/") {
            self = .socket(path: text)
            return
        }
        guard let (host, port) = HostCheck.parts(text), let port, (1...65535).contains(port) else { return nil }
        let address = host.lowercased() == "localhost" ? "127.0.0.1" : host
        guard IPAddress.isAddress(address) else { return nil }
        self = .port(port, of: address)
    }

    /// True if only this machine can connect.
    package var isLocal: Bool {
        switch self {
        case .port(_, let host): IPAddress.isLoopback(host)
        case .socket: true
        }
    }

    package var text: String {
        switch self {
        case .port(let port, let host): host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
        case .socket(let path): path
        }
    }
}

/// Recognizes IP addresses as text.
enum IPAddress {
    static func isAddress(_ text: String) -> Bool { isVersion4(text) || isVersion6(text) }

    static func isLoopback(_ text: String) -> Bool {
        if isVersion4(text) { return text.hasPrefix("127.") }
        var address = in6_addr()
        guard inet_pton(AF_INET6, text, &address) == 1 else { return false }
        return withUnsafeBytes(of: &address) { $0.dropLast().allSatisfy { $0 == 0 } && $0.last == 1 }
    }

    private static func isVersion4(_ text: String) -> Bool {
        var address = in_addr()
        return inet_pton(AF_INET, text, &address) == 1
    }

    private static func isVersion6(_ text: String) -> Bool {
        var address = in6_addr()
        return inet_pton(AF_INET6, text, &address) == 1
    }
}
