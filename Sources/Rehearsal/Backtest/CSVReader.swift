import Model

/// Reads comma-separated values without an allocation per row, because a year of samples has gigabytes.
struct CSVReader: Sendable {
    /// The column at each index; nil for a column that is ignored.
    let columns: [RecordingColumn?]

    /// - Parameter header: the first line.
    init(header: String) throws(RecordingFault) {
        let names = header.split(separator: ",", omittingEmptySubsequences: false).map {
            String($0).trimming(" \"\r\u{FEFF}")
        }
        columns = names.map { RecordingColumn(rawValue: $0) }
        for needed in [RecordingColumn.at, .campaign] where !columns.contains(needed) {
            throw RecordingFault(
                line: 1,
                message: "the header has no column '\(needed.rawValue)'; the columns are "
                    + RecordingColumn.allCases.map(\.rawValue).joined(separator: ","))
        }
        guard columns.contains(where: { [.sent, .delivered, .bounced].contains($0) }) else {
            throw RecordingFault(line: 1, message: "the header has none of the columns sent, delivered, bounced")
        }
    }

    /// Reads whole lines.
    ///
    /// - Parameter line: the number of the first, for faults.
    func read(
        _ bytes: UnsafeBufferPointer<UInt8>, line first: Int, _ names: inout RecordedNames,
        _ take: (RecordedSample) -> Void
    ) throws(RecordingFault) {
        var line = first
        var position = 0
        let end = bytes.count
        while position < end {
            var sample = RecordedSample(campaign: -1, at: .min)
            var column = 0
            var label: Range<Int>?
            var isEmpty = true
            while true {
                let start = position
                while position < end, bytes[position] != UInt8(ascii: ","), bytes[position] != UInt8(ascii: "\n") {
                    position += 1
                }
                let isLast = position >= end || bytes[position] == UInt8(ascii: "\n")
                var stop = position
                if isLast, stop > start, bytes[stop - 1] == UInt8(ascii: "\r") { stop -= 1 }
                if stop > start { isEmpty = false }
                if column < columns.count, let kind = columns[column] {
                    let cell = UnsafeBufferPointer(rebasing: bytes[start..<stop])
                    switch kind {
                    case .at:
                        guard let at = CSVReader.time(cell) else {
                            if isEmpty, isLast { break }
                            throw fault(
                                line, "'\(text(cell))' is not a time; write 2026-12-01T09:00:00Z or seconds since 1970")
                        }
                        sample.at = at
                    case .campaign: if !cell.isEmpty { sample.campaign = names.number(cell) }
                    case .label: label = start..<stop
                    default:
                        guard let value = CSVReader.count(cell) else {
                            throw fault(line, "'\(text(cell))' in column \(kind.rawValue) is not a count")
                        }
                        kind.set(value, in: &sample)
                    }
                }
                column += 1
                position += 1
                if isLast { break }
            }
            if isEmpty {
                line += 1
                continue
            }
            guard sample.at != .min, sample.campaign >= 0 else {
                throw fault(line, "the row has no time or no campaign")
            }
            if let label {
                names.label(sample.campaign, UnsafeBufferPointer(rebasing: bytes[label]))
            }
            take(sample)
            line += 1
        }
    }

    private func fault(_ line: Int, _ message: String) -> RecordingFault {
        RecordingFault(line: line, message: message)
    }

    private func text(_ cell: UnsafeBufferPointer<UInt8>) -> String {
        String(decoding: cell.prefix(40), as: UTF8.self)
    }

    /// The count in a cell, -1 if the cell is empty; nil if it contains anything else.
    static func count(_ cell: UnsafeBufferPointer<UInt8>) -> Int64? {
        if cell.isEmpty { return -1 }
        guard cell.count <= 15 else { return nil }
        var value: Int64 = 0
        for byte in cell {
            guard byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") else { return nil }
            value = value &* 10 &+ Int64(byte &- UInt8(ascii: "0"))
        }
        return value
    }

    /// Milliseconds since 1970, with a fast path for the common format; nil if the cell is not a time.
    static func time(_ cell: UnsafeBufferPointer<UInt8>) -> Int64? {
        if cell.count == 20, cell[19] == UInt8(ascii: "Z"), cell[10] == UInt8(ascii: "T") {
            func digits(_ from: Int, _ count: Int) -> Int64 {
                var value: Int64 = 0
                for index in from..<from + count {
                    let digit = Int64(cell[index]) - 48
                    guard (0...9).contains(digit) else { return -1_000_000_000 }
                    value = value * 10 + digit
                }
                return value
            }
            let (year, month, day) = (digits(0, 4), digits(5, 2), digits(8, 2))
            let (hour, minute, second) = (digits(11, 2), digits(14, 2), digits(17, 2))
            guard (1970...2200).contains(year), (1...12).contains(month), (1...31).contains(day),
                (0...23).contains(hour), (0...59).contains(minute), (0...60).contains(second)
            else { return nil }
            // Days from a civil date: years begin in March, so that the leap day comes last.
            let shifted = month <= 2 ? year - 1 : year
            let era = shifted / 400
            let ofEra = shifted - era * 400
            let ofYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
            let days = era * 146_097 + ofEra * 365 + ofEra / 4 - ofEra / 100 + ofYear - 719_468
            return (days * 86400 + hour * 3600 + minute * 60 + second) * 1000
        }
        if let seconds = count(cell), seconds >= 0 { return seconds > 100_000_000_000 ? seconds : seconds * 1000 }
        return Instant(rfc3339: String(decoding: cell, as: UTF8.self))?.milliseconds
    }
}

extension String {
    func trimming(_ set: String) -> String {
        String(drop { set.contains($0) }.reversed().drop { set.contains($0) }.reversed())
    }
}
