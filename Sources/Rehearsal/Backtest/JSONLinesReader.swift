import FoundationEssentials
import Model

/// Reads JSON lines, one object per sample, with the column names as keys.
struct JSONLinesReader: Sendable {
    private struct Row: Decodable {
        enum Time: Decodable {
            case text(String)
            case seconds(Double)

            init(from decoder: any Decoder) throws {
                let container = try decoder.singleValueContainer()
                if let text = try? container.decode(String.self) {
                    self = .text(text)
                } else {
                    self = .seconds(try container.decode(Double.self))
                }
            }

            var milliseconds: Int64? {
                switch self {
                case .text(let text): Instant(rfc3339: text)?.milliseconds
                case .seconds(let seconds):
                    abs(seconds) < 1e15 ? Int64(seconds > 1e11 ? seconds : seconds * 1000) : nil
                }
            }
        }

        var at: Time
        var campaign: String
        var totalEnrolled: Int64?
        var sent: Int64?
        var delivered: Int64?
        var bounced: Int64?
        var replied: Int64?
        var queued: Int64?
        var hardBounced: Int64?
        var softBounced: Int64?
        var complained: Int64?
        var unsubscribed: Int64?
        var deferred: Int64?
        var label: String?
    }

    func read(
        _ bytes: UnsafeBufferPointer<UInt8>, line first: Int, _ names: inout RecordedNames,
        _ take: (RecordedSample) -> Void
    ) throws(RecordingFault) {
        let decoder = JSONDecoder()
        for (index, line) in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).enumerated() {
            if line.allSatisfy({ $0 == 0x20 || $0 == 0x0d }) { continue }
            let row: Row
            do {
                row = try decoder.decode(Row.self, from: Data(line))
            } catch {
                throw RecordingFault(
                    line: first + index,
                    message: "the line is not a sample; write an object with at, campaign and counters such as sent")
            }
            guard let at = row.at.milliseconds else {
                throw RecordingFault(line: first + index, message: "'at' is not a time")
            }
            let number = Array(row.campaign.utf8).withUnsafeBufferPointer { names.number($0) }
            var sample = RecordedSample(campaign: number, at: at)
            let counts: [(RecordingColumn, Int64?)] = [
                (.totalEnrolled, row.totalEnrolled), (.sent, row.sent), (.delivered, row.delivered),
                (.bounced, row.bounced), (.replied, row.replied), (.queued, row.queued),
                (.hardBounced, row.hardBounced), (.softBounced, row.softBounced), (.complained, row.complained),
                (.unsubscribed, row.unsubscribed), (.deferred, row.deferred),
            ]
            for (column, value) in counts { if let value, value >= 0 { column.set(value, in: &sample) } }
            if let label = row.label { Array(label.utf8).withUnsafeBufferPointer { names.label(number, $0) } }
            take(sample)
        }
    }
}
