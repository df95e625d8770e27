import Glibc
import Synchronization

/// A pipe whose reader reads when the test says so; full at first, so that not one byte more fits.
package final class FullPipe: Sendable {
    package let reading: Int32
    package let writing: Int32
    private let filling: Int
    private let isReadingOpen = Mutex(true)
    private let isWritingOpen = Mutex(true)

    package struct Failed: Error {}

    /// - Parameter isNonBlocking: whether the writing end is left so.
    package init(isNonBlocking: Bool, isFull: Bool = true) throws {
        var ends: [Int32] = [0, 0]
        guard pipe(&ends) == 0 else { throw Failed() }
        (reading, writing) = (ends[0], ends[1])
        // The smallest that the kernel makes: one page. F_SETPIPE_SZ.
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

    /// Only a process that has the writing end, too, can write any more.
    package func closeWriting() {
        isWritingOpen.withLock { isOpen in
            if isOpen { close(writing) }
            isOpen = false
        }
    }

    /// Nobody can read any more.
    package func closeReading() {
        isReadingOpen.withLock { isOpen in
            if isOpen { close(reading) }
            isOpen = false
        }
    }

    /// Reads away what it was filled with.
    package func discard() {
        var rest = filling
        var byte: UInt8 = 0
        while rest > 0, read(reading, &byte, 1) == 1 { rest -= 1 }
    }

    /// Reads whole lines, up to one that is wanted, as many as wanted, or the end.
    package func readLines(count: Int = .max, until isLast: (String) -> Bool = { _ in false }) throws -> [String] {
        var lines: [String] = []
        var line: [UInt8] = []
        var bytes = [UInt8](repeating: 0, count: 4096)
        while lines.count < count {
            var wanted = pollfd(fd: reading, events: Int16(POLLIN), revents: 0)
            // Generous: only a broken writer takes that long.
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
