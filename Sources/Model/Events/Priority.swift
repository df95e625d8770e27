/// A syslog priority, as in `PRIORITY=`; smaller is more severe.
package enum Priority: Int, Comparable, CaseIterable, Sendable {
    case critical = 2
    case error = 3
    case warning = 4
    case notice = 5
    case info = 6

    /// As in syslog, the more severe priority is the smaller one.
    package static func < (left: Priority, right: Priority) -> Bool { left.rawValue < right.rawValue }

    /// The name in the text format.
    package var word: String {
        switch self {
        case .critical: "critical"
        case .error: "error"
        case .warning: "warning"
        case .notice: "notice"
        case .info: "info"
        }
    }
}
