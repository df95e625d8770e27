import Glibc

/// Writes whole lines to a descriptor, whether that blocks or not.
package struct LineWriter {
    private let descriptor: Int32
    private let system: (Int32, UnsafeRawBufferPointer) -> Int
    /// A line ended within, as on a full disk; the next one begins on a line of its own.
    private var isTorn = false

    /// - Parameter system: write(2), with its return value and its `errno`.
    package init(
        _ descriptor: Int32,
        system: @escaping (Int32, UnsafeRawBufferPointer) -> Int = { Glibc.write($0, $1.baseAddress, $1.count) }
    ) {
        self.descriptor = descriptor
        self.system = system
    }

    /// Writes the line and its end, however long the reader takes; false where the descriptor takes no more.
    package mutating func write(_ line: String) -> Bool {
        let whole = Array((isTorn ? "\n" : "").utf8) + Array(line.utf8) + [UInt8(ascii: "\n")]
        var rest = whole[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { system(descriptor, $0) }
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
