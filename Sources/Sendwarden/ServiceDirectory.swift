import FoundationEssentials

/// The folders in which a daemon stores its files if no option names them.
///
/// A service uses the folders that systemd creates for it. A daemon that a user starts follows the XDG specification.
enum ServiceDirectory {
    /// A file in the variable's first directory; nil if the variable is not set.
    static func path(_ file: String, in variable: String) -> String? {
        ProcessInfo.processInfo.environment[variable].map { "\($0.prefix { $0 != ":" })/\(file)" }
    }

    /// A file in the user's folder for state; nil for a user without a home.
    static func userState(_ file: String) -> String? {
        let environment = ProcessInfo.processInfo.environment
        if let folder = absolute(environment["XDG_STATE_HOME"]) { return "\(folder)/sendwarden/\(file)" }
        return absolute(environment["HOME"]).map { "\($0)/.local/state/sendwarden/\(file)" }
    }

    /// A file in the user's folder for sockets, or in the one for state if the session has none.
    static func userRuntime(_ file: String) -> String? {
        absolute(ProcessInfo.processInfo.environment["XDG_RUNTIME_DIR"]).map { "\($0)/sendwarden/\(file)" }
            ?? userState(file)
    }

    /// The user's folder for policies and keys; nil for a user without a home.
    static var userConfig: String? {
        let environment = ProcessInfo.processInfo.environment
        if let folder = absolute(environment["XDG_CONFIG_HOME"]) { return "\(folder)/sendwarden" }
        return absolute(environment["HOME"]).map { "\($0)/.config/sendwarden" }
    }

    /// The specification ignores relative paths.
    private static func absolute(_ path: String?) -> String? {
        path.flatMap { $0.hasPrefix("/") ? String($0) : nil }
    }

    /// Creates the file's folder for its owner only; a failure is reported by whoever opens the file.
    static func createFolder(of file: String) {
        let folder = String(file[..<(file.lastIndex(of: "/") ?? file.startIndex)])
        try? FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    }

    /// The path, if there is such a file.
    static func existing(_ path: String?) -> String? {
        path.flatMap { FileManager.default.fileExists(atPath: $0) ? $0 : nil }
    }
}
