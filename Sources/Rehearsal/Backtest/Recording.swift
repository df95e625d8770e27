import Glibc

/// A recording on disk, parsed in pieces by several workers.
package struct Recording: Sendable {
    package enum Format: Sendable {
        case csv, jsonLines
    }

    /// The bytes per read; larger blocks would be returned to the system and cleared again each time.
    private static let blockBytes = 12 << 20
    /// The longest accepted line.
    private static let lineMax = 1 << 20

    private enum Reader: Sendable {
        case csv(CSVReader)
        case jsonLines(JSONLinesReader)
    }

    private let path: String
    private let descriptor: Int32
    /// 0 if unknown, as for a pipe.
    private let size: Int

    /// Nil if the file cannot be opened; `errno` has the reason.
    package init?(_ path: String) {
        descriptor = path == "-" ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT != S_IFDIR else {
            close(descriptor)
            errno = EISDIR
            return nil
        }
        size = Int(status.st_size)
        self.path = path
    }

    /// Replays the whole recording.
    ///
    /// - Parameter progress: called from time to time with the fraction read, 0…1.
    @concurrent
    package func read(
        into backtest: inout Backtest, workers: Int, progress: @Sendable (Double) -> Void
    ) async throws(RecordingFault) {
        defer { close(descriptor) }
        var rest: [UInt8] = []
        var reader: Reader?
        var line = 1
        var done = 0
        while true {
            var block = rest
            let isEnd = fill(&block)
            done += block.count - rest.count
            rest = []
            if !isEnd, let end = block.lastIndex(of: UInt8(ascii: "\n")) {
                rest = Array(block[(end + 1)...])
                block.removeSubrange((end + 1)...)
            }
            guard rest.count < Recording.lineMax, isEnd || block.last == UInt8(ascii: "\n") else {
                throw RecordingFault(line: line, message: "the line is too long; is this a recording?")
            }
            var body = block[...]
            if reader == nil, let (found, header) = try Recording.reader(for: block) {
                reader = found
                body = body.dropFirst(header)
                line += header > 0 ? 1 : 0
            }
            if let reader, !body.isEmpty {
                try await parse(Array(body), reader, &line, &backtest, workers)
            }
            if size > 0 { progress(min(1, Double(done) / Double(size))) }
            if isEnd { break }
        }
        if backtest.samples == 0 { throw RecordingFault(line: line, message: "the recording has no samples") }
    }

    /// The reader for the format, and the length of the header in bytes.
    private static func reader(for block: [UInt8]) throws(RecordingFault) -> (Reader, header: Int)? {
        guard let first = block.first(where: { !($0 == 0x20 || $0 == 0x0a || $0 == 0x0d) }) else { return nil }
        if first == UInt8(ascii: "{") { return (.jsonLines(JSONLinesReader()), 0) }
        let end = block.firstIndex(of: UInt8(ascii: "\n")) ?? block.count
        return (.csv(try CSVReader(header: String(decoding: block[..<end], as: UTF8.self))), min(end + 1, block.count))
    }

    /// True at the end of the file.
    private func fill(_ block: inout [UInt8]) -> Bool {
        let start = block.count
        var isEnd = false
        let previous = block
        block = [UInt8](unsafeUninitializedCapacity: start + Recording.blockBytes) { buffer, count in
            for index in 0..<start { buffer[index] = previous[index] }
            count = start
            while count < start + Recording.blockBytes {
                guard let base = buffer.baseAddress else { break }
                let got = Glibc.read(descriptor, base + count, start + Recording.blockBytes - count)
                if got < 0, errno == EINTR { continue }
                if got <= 0 {
                    isEnd = true
                    break
                }
                count += got
            }
        }
        return isEnd
    }

    private func parse(
        _ block: [UInt8], _ reader: Reader, _ line: inout Int, _ backtest: inout Backtest, _ workers: Int
    ) async throws(RecordingFault) {
        let ranges = Recording.split(block, into: workers)
        let starts = await withTaskGroup(of: (Int, Int).self) { group in
            for (index, range) in ranges.enumerated() {
                group.addTask { (index, block[range].count { $0 == UInt8(ascii: "\n") }) }
            }
            var counts = [Int](repeating: 0, count: ranges.count)
            for await (index, count) in group { counts[index] = count }
            return counts
        }
        typealias Part = Result<([RecordedSample], RecordedNames), RecordingFault>
        let first = line
        let parts = await withTaskGroup(of: (Int, Part).self) { group in
            for (index, range) in ranges.enumerated() {
                let line = first + starts[..<index].reduce(0, +)
                group.addTask { (index, Recording.parse(block, range, line, reader)) }
            }
            var parts = [Part?](repeating: nil, count: ranges.count)
            for await (index, part) in group { parts[index] = part }
            return parts.compactMap(\.self)
        }
        line += starts.reduce(0, +)
        var pieces: [[RecordedSample]] = []
        for part in parts {
            var (samples, names) = try part.get()
            let numbers = names.names.map { backtest.number($0) }
            for (number, label) in names.labels { backtest.note(label: label, of: names.names[Int(number)]) }
            let isSame = numbers.enumerated().allSatisfy { $0 == Int($1) }
            if !isSame {
                for index in samples.indices { samples[index].campaign = numbers[Int(samples[index].campaign)] }
            }
            pieces.append(samples)
        }
        try await backtest.replay(pieces)
    }

    private static func parse(
        _ block: [UInt8], _ range: Range<Int>, _ line: Int, _ reader: Reader
    ) -> Result<([RecordedSample], RecordedNames), RecordingFault> {
        Result { () throws(RecordingFault) in
            var samples: [RecordedSample] = []
            samples.reserveCapacity(range.count / 40)
            var names = RecordedNames()
            var fault: RecordingFault?
            block[range].withUnsafeBufferPointer { bytes in
                do throws(RecordingFault) {
                    switch reader {
                    case .csv(let reader): try reader.read(bytes, line: line, &names) { samples.append($0) }
                    case .jsonLines(let reader): try reader.read(bytes, line: line, &names) { samples.append($0) }
                    }
                } catch {
                    fault = error
                }
            }
            if let fault { throw fault }
            return (samples, names)
        }
    }

    /// Ranges of whole lines of about equal length.
    private static func split(_ block: [UInt8], into count: Int) -> [Range<Int>] {
        var ranges: [Range<Int>] = []
        var start = 0
        for index in 1...max(1, count) {
            var end = index == count ? block.count : max(start, block.count * index / count)
            while end < block.count, end > 0, block[end - 1] != UInt8(ascii: "\n") { end += 1 }
            if end > start { ranges.append(start..<end) }
            start = end
        }
        return ranges
    }
}
