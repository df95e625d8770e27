import FoundationEssentials

/// The directories that systemd creates for a service and passes in its environment.
enum ServiceDirectory {
    /// A file in the variable's first directory; nil if the variable is not set.
    static func path(_ file: String, in variable: String) -> String? {
        ProcessInfo.processInfo.environment[variable].map { "\($0.prefix { $0 != ":" })/\(file)" }
    }
}
