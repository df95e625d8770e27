import FoundationEssentials

/// The directories that systemd makes for a service, and names in its environment.
enum ServiceDirectory {
    /// A file in the first of the variable's directories; nil outside a service that has one.
    static func path(_ file: String, in variable: String) -> String? {
        ProcessInfo.processInfo.environment[variable].map { "\($0.prefix { $0 != ":" })/\(file)" }
    }
}
