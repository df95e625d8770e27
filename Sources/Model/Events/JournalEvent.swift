/// A field of a journal entry besides its message; the names are a public interface.
package enum JournalField: String, CaseIterable, Sendable {
    case workspace = "SENDWARDEN_WORKSPACE"
    case provider = "SENDWARDEN_PROVIDER"
    case mode = "SENDWARDEN_MODE"
    case campaign = "SENDWARDEN_CAMPAIGN"
    case campaignName = "SENDWARDEN_CAMPAIGN_NAME"
    case pool = "SENDWARDEN_POOL"
    case sender = "SENDWARDEN_SENDER"
    case group = "SENDWARDEN_GROUP"
    case address = "SENDWARDEN_ADDRESS"
    case rule = "SENDWARDEN_RULE"
    case severity = "SENDWARDEN_SEVERITY"
    case decision = "SENDWARDEN_DECISION"
    case expression = "SENDWARDEN_EXPRESSION"
    case value = "SENDWARDEN_VALUE"
    case threshold = "SENDWARDEN_THRESHOLD"
    case window = "SENDWARDEN_WINDOW"
    case coverage = "SENDWARDEN_COVERAGE"
    case enrolled = "SENDWARDEN_ENROLLED"
    case sent = "SENDWARDEN_SENT"
    case resolved = "SENDWARDEN_RESOLVED"
    case bounced = "SENDWARDEN_BOUNCED"
    case queued = "SENDWARDEN_QUEUED"
    case available = "SENDWARDEN_AVAILABLE"
    case capacity = "SENDWARDEN_CAPACITY"
    case missing = "SENDWARDEN_MISSING"
    case lacking = "SENDWARDEN_LACKING"
    case reason = "SENDWARDEN_REASON"
    case notBefore = "SENDWARDEN_NOT_BEFORE"
    case since = "SENDWARDEN_SINCE"
    case endpoint = "SENDWARDEN_ENDPOINT"
    case failing = "SENDWARDEN_FAILING"
    case retryAfter = "SENDWARDEN_RETRY_AFTER"
    case probation = "SENDWARDEN_PROBATION"
    case policy = "SENDWARDEN_POLICY"
    case version = "SENDWARDEN_VERSION"
    case by = "SENDWARDEN_BY"
    case order = "SENDWARDEN_ORDER"
    case mute = "SENDWARDEN_MUTE"
    case labels = "SENDWARDEN_LABELS"
    case begins = "SENDWARDEN_BEGINS"
    case until = "SENDWARDEN_UNTIL"
    case receiver = "SENDWARDEN_RECEIVER"
    case added = "SENDWARDEN_ADDED"
    case removed = "SENDWARDEN_REMOVED"
}

/// One event for the journal: a sentence and fields.
///
/// Texts may contain untrusted data; the writer of the entry sanitizes and bounds it.
package struct JournalEvent: Sendable, Hashable {
    package var kind: EventKind
    package var priority: Priority
    /// One English sentence that an operator can act on.
    package var message: String
    package var fields: [JournalField: String]

    package init(
        _ kind: EventKind, priority: Priority? = nil, _ message: String, fields: [JournalField: String] = [:]
    ) {
        self.kind = kind
        self.priority = priority ?? kind.priority
        self.message = message
        self.fields = fields
    }
}
