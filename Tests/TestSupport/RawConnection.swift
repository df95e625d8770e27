package import Glibc

/// A connection on which the test controls every byte.
package final class RawConnection {
    package struct Failed: Error { package init() {} }

    private let descriptor: Int32

    /// Connects to a Unix socket.
    package init(path: String) throws {
        descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        try connect(sockaddr_un(path: path))
    }

    /// Connects to a port of 127.0.0.1.
    package init(port: Int) throws {
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
    package func send(_ text: String) {
        let bytes = Array(text.utf8)
        _ = Glibc.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT))
    }

    /// The response's head and the part of the body that has arrived; fails after five seconds without data.
    package func response() throws -> String {
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
    package func wholeResponse() -> String {
        var text = ""
        var bytes = [UInt8](repeating: 0, count: 65536)
        while true {
            let count = recv(descriptor, &bytes, bytes.count, 0)
            guard count > 0 else { return text }
            text += String(decoding: bytes[..<count], as: UTF8.self)
        }
    }

    /// The response with as much of its body as its length says; fails after five seconds without data.
    package func sizedResponse() throws -> String {
        var data: [UInt8] = []
        var bytes = [UInt8](repeating: 0, count: 65536)
        while true {
            let text = String(decoding: data, as: UTF8.self)
            if let end = text.firstRange(of: "\r\n\r\n") {
                let length =
                    text[..<end.lowerBound].split(separator: "\r\n").compactMap { line in
                        line.lowercased().hasPrefix("content-length:")
                            ? Int(line.dropFirst(15).drop { $0 == " " }) : nil
                    }.first ?? 0
                if text[end.upperBound...].utf8.count >= length { return text }
            }
            let count = recv(descriptor, &bytes, bytes.count, 0)
            guard count > 0 else { throw Failed() }
            data += bytes[..<count]
        }
    }

    /// What has arrived until the condition holds; fails after five seconds without data, or half a minute.
    package func text(until condition: (String) -> Bool) throws -> String {
        let deadline = ContinuousClock.now + .seconds(30)
        var text = ""
        var bytes = [UInt8](repeating: 0, count: 65536)
        while !condition(text) {
            let count = recv(descriptor, &bytes, bytes.count, 0)
            guard count > 0, ContinuousClock.now < deadline else { throw Failed() }
            text += String(decoding: bytes[..<count], as: UTF8.self)
        }
        return text
    }

    /// Waits until the peer closes the connection; false after a minute.
    package func waitForEnd() -> Bool {
        for _ in 0..<600 {
            // POLLRDHUP, which Swift does not import.
            var wanted = pollfd(fd: descriptor, events: 0x2000, revents: 0)
            guard poll(&wanted, 1, 100) == 0 else { return true }
        }
        return false
    }
}

extension sockaddr_un {
    package init(path: String) {
        self.init()
        sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &sun_path) { $0.copyBytes(from: path.utf8) }
    }
}
