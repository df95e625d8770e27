import ArgumentParser
import FoundationEssentials
import Glibc
import Journal
import Policy

/// Where `init` writes the policy and the key: the installed service's folders for root, otherwise the user's.
struct InitLayout {
    var policy: String
    /// The unit that reads the policy; nil if a user runs the daemon.
    var unit: String?
    /// The part of an instance's name in the names of its keys; empty for the service itself.
    private var instance = ""
    private var userFolder: String?
    /// What is being set up, for the first line of the output.
    let introduction: String

    private static let serviceFolder = "/etc/sendwarden"
    private static let unitFolders = [
        "/etc/systemd/system", "/usr/local/lib/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system",
    ]

    init(_ options: InitOptions) throws {
        let isInstalled = InitLayout.unitFolders.contains { access("\($0)/sendwarden.service", F_OK) == 0 }
        let given = options.policy.map(InitLayout.absolute)
        let isService = given.map { InitLayout.folder(of: $0) == InitLayout.serviceFolder } ?? true
        if geteuid() == 0, isInstalled, isService {
            policy = given ?? PolicyOption.installed
            introduction = "Setting up the service with the policy \(policy)."
            let name = policy.dropFirst(InitLayout.serviceFolder.count + 1)
            guard policy != PolicyOption.installed else {
                unit = "sendwarden"
                return
            }
            guard name.hasSuffix(".yaml") else {
                throw ValidationError("--policy \(policy): the service reads only files whose name ends in .yaml.")
            }
            instance = ".\(name.dropLast(".yaml".count))"
            unit = "sendwarden@\(name.dropLast(".yaml".count))"
            return
        }
        guard let folder = ServiceDirectory.userConfig else {
            StandardError.write("error: neither XDG_CONFIG_HOME nor HOME is set, so there is no folder for the key")
            throw ExitCode.badConfiguration
        }
        userFolder = folder
        policy = given ?? "\(folder)/policy.yaml"
        introduction =
            "Setting up your own daemon with the policy \(policy)."
            + (isInstalled && geteuid() != 0 ? " To set up the installed service, run this as root." : "")
    }

    /// The name of the systemd credential; nil if the policy names a file.
    func credential(_ provider: Provider) -> String? { unit == nil ? nil : "\(InitLayout.keyName(provider)).key" }

    /// The file of the key.
    func key(_ provider: Provider, workspace: String) -> String {
        if let userFolder { return "\(userFolder)/\(workspace).key" }
        return "/etc/credstore/\(InitLayout.keyName(provider))\(instance).key"
    }

    /// As the unit's LoadCredential= names them.
    private static func keyName(_ provider: Provider) -> String {
        switch provider {
        case .leadterra: "leadterra"
        case .twilioComms: "twilio"
        }
    }

    /// True if the service is running.
    var runs: Bool {
        guard let unit else { return false }
        return access("/run/\(unit)/control.sock", F_OK) == 0
    }

    /// A schema for editors, if it is installed.
    static var schema: String? { share("policy.schema.json") }

    /// True if the policy is the unchanged sample that the package installs.
    private var isSample: Bool {
        guard let sample = InitLayout.share("policy.yaml") else { return false }
        return FileManager.default.contentsEqual(atPath: policy, andPath: sample)
    }

    /// True if the policy may be replaced, or does not exist.
    func mayWritePolicy(_ force: Bool) -> Bool { force || access(policy, F_OK) != 0 || isSample }

    /// Fails before the first question if the files could not be written after the last one.
    func checkWritable(replacing force: Bool) throws {
        guard mayWritePolicy(force) else {
            StandardError.write(
                "error: \(policy) exists; edit it, replace it with --force, or choose another file with --policy")
            throw ExitCode.cannotCreate
        }
        for folder in [InitLayout.folder(of: policy), unit == nil ? userFolder ?? "" : "/etc/credstore"] {
            // The nearest folder that exists; missing ones are created in it.
            var nearest = folder
            while access(nearest, F_OK) != 0, errno == ENOENT, nearest != "/" {
                nearest = InitLayout.folder(of: nearest)
            }
            guard access(nearest, W_OK | X_OK) != 0 else { continue }
            let code = errno
            StandardError.write("error: cannot write to \(nearest): \(String(cString: strerror(code)))\(advice(code))")
            throw ExitCode.noPermission
        }
    }

    private func advice(_ code: Int32) -> String {
        switch code {
        case EACCES, EPERM: "; run this as root, or choose a file of your own with --policy"
        case ENOTDIR: "; choose another file with --policy"
        default: ""
        }
    }

    /// A file that is installed with the program; nil if it was not installed.
    private static func share(_ name: String) -> String? {
        guard let program = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe") else {
            return nil
        }
        let path = "\(folder(of: folder(of: program)))/share/sendwarden/\(name)"
        return access(path, R_OK) == 0 ? path : nil
    }

    static func folder(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    /// The path from the root, without `.` and `..`.
    static func absolute(_ path: String) -> String {
        URL(filePath: path).standardizedFileURL.path(percentEncoded: false)
    }
}
