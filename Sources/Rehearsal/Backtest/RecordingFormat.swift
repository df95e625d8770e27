package import Model

/// One recorded sample in a compact form; -1 is unknown.
package struct RecordedSample: Sendable {
    package var campaign: Int32
    package var at: Int64
    package var totalEnrolled: Int64 = -1
    package var sent: Int64 = -1
    package var delivered: Int64 = -1
    package var bounced: Int64 = -1
    package var replied: Int64 = -1
    package var queued: Int64 = -1
    /// What only some platforms report, in less space.
    package var hardBounced: Int32 = -1
    package var softBounced: Int32 = -1
    package var complained: Int32 = -1
    package var unsubscribed: Int32 = -1
    package var deferred: Int32 = -1

    package init(campaign: Int32, at: Int64) {
        (self.campaign, self.at) = (campaign, at)
    }

    package init(campaign: Int32, at: Instant, _ stats: CampaignStats) {
        self.init(campaign: campaign, at: at.milliseconds)
        func count(_ value: Int?) -> Int64 { value.map(Int64.init) ?? -1 }
        (totalEnrolled, sent, delivered) = (count(stats.totalEnrolled), count(stats.sent), count(stats.delivered))
        (bounced, replied, queued) = (count(stats.bounced), count(stats.replied), count(stats.queued))
        func small(_ value: Int?) -> Int32 { value.flatMap(Int32.init(exactly:)) ?? -1 }
        (hardBounced, softBounced) = (small(stats.hardBounced), small(stats.softBounced))
        (complained, unsubscribed) = (small(stats.complained), small(stats.unsubscribed))
        deferred = small(stats.deferred)
    }

    package var stats: CampaignStats {
        func count(_ value: some FixedWidthInteger) -> Int? { value < 0 ? nil : Int(value) }
        return CampaignStats(
            totalEnrolled: count(totalEnrolled), sent: count(sent), delivered: count(delivered),
            bounced: count(bounced), replied: count(replied), queued: count(queued), hardBounced: count(hardBounced),
            softBounced: count(softBounced), complained: count(complained), unsubscribed: count(unsubscribed),
            deferred: count(deferred))
    }
}

/// An error in a recording, with its line.
package struct RecordingFault: Error, Hashable, Sendable {
    package var line: Int
    package var message: String
}

/// The columns of a recording.
enum RecordingColumn: String, CaseIterable {
    case at, campaign, totalEnrolled, sent, delivered, bounced, replied, queued, label
    case hardBounced, softBounced, complained, unsubscribed, deferred

    func set(_ value: Int64, in sample: inout RecordedSample) {
        switch self {
        case .totalEnrolled: sample.totalEnrolled = value
        case .sent: sample.sent = value
        case .delivered: sample.delivered = value
        case .bounced: sample.bounced = value
        case .replied: sample.replied = value
        case .queued: sample.queued = value
        case .hardBounced: sample.hardBounced = Int32(exactly: value) ?? -1
        case .softBounced: sample.softBounced = Int32(exactly: value) ?? -1
        case .complained: sample.complained = Int32(exactly: value) ?? -1
        case .unsubscribed: sample.unsubscribed = Int32(exactly: value) ?? -1
        case .deferred: sample.deferred = Int32(exactly: value) ?? -1
        case .at, .campaign, .label: break
        }
    }
}

/// The campaign names of one piece of a recording; pieces are parsed concurrently and joined afterwards.
struct RecordedNames: Sendable {
    private(set) var names: [String] = []
    private(set) var labels: [Int32: String] = [:]
    private var numbers: [[UInt8]: Int32] = [:]
    private var lastName: [UInt8] = []
    private var lastNumber: Int32 = -1

    mutating func number(_ name: UnsafeBufferPointer<UInt8>) -> Int32 {
        if lastNumber >= 0, lastName.count == name.count, lastName.elementsEqual(name) { return lastNumber }
        let bytes = Array(name)
        let number: Int32
        if let known = numbers[bytes] {
            number = known
        } else {
            number = Int32(names.count)
            names.append(String(decoding: bytes, as: UTF8.self))
            numbers[bytes] = number
        }
        (lastName, lastNumber) = (bytes, number)
        return number
    }

    mutating func label(_ number: Int32, _ text: UnsafeBufferPointer<UInt8>) {
        guard !text.isEmpty, labels[number] == nil else { return }
        labels[number] = String(decoding: text, as: UTF8.self)
    }
}
