import Glibc

/// Writes whole lines to a descriptor, whether that blocks or not.
package struct LineWriter {
    private let descriptor: Int32
    /// A line ended within, as on a full disk; the next one begins on a line of its own.
    private var isTorn = false

    package init(_ descriptor: Int32) { self.descriptor = descriptor }

    /// Writes the line and its end, however long the reader takes; false where the descriptor takes no more.
    package mutating func write(_ line: String) -> Bool {
        let whole = Array((isTorn ? "\n" : "").utf8) + Array(line.utf8) + [UInt8(ascii: "\n")]
        var rest = whole[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            let code = errno
            if count > 0 {
                rest = rest.dropFirst(count)
            } else if count < 0, code == EAGAIN {
                waitForRoom()
            } else if count == 0 || code != EINTR {
                // Nobody reads the stream, or its disk is full.
                isTorn = isTorn || rest.count < whole.count
                return false
            }
        }
        isTorn = false
        return true
    }

    /// Whoever started the process made the descriptor non-blocking: sleep until there is room, or nobody reads.
    private func waitForRoom() {
        var wanted = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        _ = poll(&wanted, 1, -1)
    }
}
