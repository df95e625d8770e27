import Glibc

/// Writes whole lines to a blocking or non-blocking descriptor.
package struct LineWriter {
    private let descriptor: Int32
    private let system: (Int32, UnsafeRawBufferPointer) -> Int
    /// The last line was written only in part, as on a full disk; the next one starts with a line break.
    private var isTorn = false

    /// - Parameter system: write(2), with its return value and `errno`.
    package init(
        _ descriptor: Int32,
        system: @escaping (Int32, UnsafeRawBufferPointer) -> Int = { Glibc.write($0, $1.baseAddress, $1.count) }
    ) {
        self.descriptor = descriptor
        self.system = system
    }

    /// Writes the line and a line break, however slow the reader is; false if the descriptor fails.
    package mutating func write(_ line: String) -> Bool {
        let whole = Array((isTorn ? "\n" : "").utf8) + Array(line.utf8) + [UInt8(ascii: "\n")]
        var rest = whole[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { system(descriptor, $0) }
            let code = errno
            if count > 0 {
                rest = rest.dropFirst(count)
            } else if count < 0, code == EAGAIN {
                waitUntilWritable()
            } else if count == 0 || code != EINTR {
                // The reader is gone, or the disk is full.
                isTorn = isTorn || rest.count < whole.count
                return false
            }
        }
        isTorn = false
        return true
    }

    /// For a descriptor that the parent process made non-blocking: waits until it is writable or fails.
    private func waitUntilWritable() {
        var wanted = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        _ = poll(&wanted, 1, -1)
    }
}
