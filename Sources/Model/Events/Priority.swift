/// A syslog priority, as in `PRIORITY=`; smaller is graver.
package enum Priority: Int, Comparable, Sendable {
    case critical = 2
    case error = 3
    case warning = 4
    case notice = 5
    case info = 6

    /// Graver is smaller, as in syslog.
    package static func < (left: Priority, right: Priority) -> Bool { left.rawValue < right.rawValue }

    /// The word that the text format prints.
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
