import Glibc
import Synchronization

/// A pipe that only the test reads; it is full at first.
package final class FullPipe: Sendable {
    package let reading: Int32
    package let writing: Int32
    private let filling: Int
    private let isReadingOpen = Mutex(true)
    private let isWritingOpen = Mutex(true)

    package struct Failed: Error {}

    /// - Parameter isNonBlocking: whether the writing end stays non-blocking.
    package init(isNonBlocking: Bool, isFull: Bool = true) throws {
        var ends: [Int32] = [0, 0]
        guard pipe(&ends) == 0 else { throw Failed() }
        (reading, writing) = (ends[0], ends[1])
        // F_SETPIPE_SZ; the smallest size is one page.
        _ = fcntl(writing, 1031, 4096)
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        let flags = fcntl(writing, F_GETFL)
        _ = fcntl(writing, F_SETFL, flags | O_NONBLOCK)
        var count = 0
        while isFull, write(writing, "#", 1) == 1 { count += 1 }
        filling = count
        if !isNonBlocking { _ = fcntl(writing, F_SETFL, flags) }
    }

    deinit {
        closeReading()
        closeWriting()
    }

    /// Closes the writing end of this process.
    package func closeWriting() {
        isWritingOpen.withLock { isOpen in
            if isOpen { close(writing) }
            isOpen = false
        }
    }

    /// Closes the reading end.
    package func closeReading() {
        isReadingOpen.withLock { isOpen in
            if isOpen { close(reading) }
            isOpen = false
        }
    }

    /// Reads the initial content.
    package func discard() {
        var rest = filling
        var byte: UInt8 = 0
        while rest > 0, read(reading, &byte, 1) == 1 { rest -= 1 }
    }

    /// Reads whole lines until the count, a matching line or the end.
    package func readLines(count: Int = .max, until isLast: (String) -> Bool = { _ in false }) throws -> [String] {
        var lines: [String] = []
        var line: [UInt8] = []
        var bytes = [UInt8](repeating: 0, count: 4096)
        while lines.count < count {
            var wanted = pollfd(fd: reading, events: Int16(POLLIN), revents: 0)
            // Far longer than a working writer takes.
            guard poll(&wanted, 1, 20_000) == 1 else { throw Failed() }
            let size = read(reading, &bytes, bytes.count)
            if size <= 0 { break }
            for byte in bytes[..<size] {
                guard byte == UInt8(ascii: "\n") else {
                    line.append(byte)
                    continue
                }
                lines.append(String(decoding: line, as: UTF8.self))
                line = []
                if let last = lines.last, isLast(last) { return lines }
            }
        }
        return lines
    }
}
