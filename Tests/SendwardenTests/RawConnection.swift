import Glibc

/// A connection on which the test controls every byte.
final class RawConnection {
    struct Failed: Error {}

    private let descriptor: Int32

    /// Connects to a Unix socket.
    init(path: String) throws {
        descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        try connect(sockaddr_un(path: path))
    }

    /// Connects to a port of 127.0.0.1.
    init(port: Int) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(UInt16(port).bigEndian)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        try connect(address)
    }

    private func connect<Address>(_ address: Address) throws {
        // As long as an operator would wait, and far below the server's idle timeout.
        var limit = timeval(tv_sec: 5, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        let code = withUnsafePointer(to: address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<Address>.size))
            }
        }
        guard code == 0 else { throw Failed() }
    }

    deinit { close(descriptor) }

    /// Sends as much as the peer accepts without blocking.
    func send(_ text: String) {
        let bytes = Array(text.utf8)
        _ = Glibc.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT))
    }

    /// The response's head and the part of the body that has arrived; fails after five seconds without data.
    func response() throws -> String {
        var text = ""
        var bytes = [UInt8](repeating: 0, count: 65536)
        while !text.contains("\r\n\r\n") {
            let count = recv(descriptor, &bytes, bytes.count, 0)
            guard count > 0 else { throw Failed() }
            text += String(decoding: bytes[..<count], as: UTF8.self)
        }
        return text
    }

    /// Everything up to the end of the connection.
    func wholeResponse() -> String {
        var text = ""
        var bytes = [UInt8](repeating: 0, count: 65536)
        while true {
            let count = recv(descriptor, &bytes, bytes.count, 0)
            guard count > 0 else { return text }
            text += String(decoding: bytes[..<count], as: UTF8.self)
        }
    }

    /// Waits until the peer closes the connection; false after a minute.
    func waitForEnd() -> Bool {
        for _ in 0..<600 {
            // POLLRDHUP, which Swift does not import.
            var wanted = pollfd(fd: descriptor, events: 0x2000, revents: 0)
            guard poll(&wanted, 1, 100) == 0 else { return true }
        }
        return false
    }
}

extension sockaddr_un {
    init(path: String) {
        self.init()
        sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &sun_path) { $0.copyBytes(from: path.utf8) }
    }
}
