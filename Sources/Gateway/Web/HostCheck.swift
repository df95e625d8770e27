/// Accepts the hosts under which the status page may be requested.
///
/// A page elsewhere could make its own name resolve to this machine (DNS rebinding) and read the answers as if they
/// were its own. Such a request carries that name; an IP address or `localhost` cannot be taken over like this.
struct HostCheck: Sendable {
    /// Further names, in lower case, for a proxy that passes its own.
    private let names: Set<String>

    init(names: [String]) { self.names = Set(names.map { $0.lowercased() }) }

    /// - Parameter authority: the request's Host header.
    func accepts(_ authority: String?) -> Bool {
        guard let authority, let (host, _) = HostCheck.parts(authority) else { return false }
        let name = host.lowercased()
        return name == "localhost" || IPAddress.isAddress(name) || names.contains(name)
    }

    /// The host without brackets, and the port; nil if the text has another form.
    static func parts(_ authority: String) -> (host: String, port: Int?)? {
        var host = authority[...]
        var rest: Substring
        if host.first == "[" {
            guard let end = host.firstIndex(of: "]") else { return nil }
            rest = host[host.index(after: end)...]
            host = host[..<end].dropFirst()
            guard host.contains(":") else { return nil }
        } else {
            let end = host.firstIndex(of: ":") ?? host.endIndex
            rest = host[end...]
            host = host[..<end]
        }
        guard !host.isEmpty else { return nil }
        if rest.isEmpty { return (String(host), nil) }
        guard rest.removeFirst() == ":", !rest.isEmpty, rest.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
            let port = Int(rest)
        else { return nil }
        return (String(host), port)
    }
}
