import ArgumentParser
import FoundationEssentials
import Glibc
import Journal
import Model
import Policy

/// What to guard.
struct InitTargets {
    var campaigns: [CampaignID] = []
    /// A file of further campaigns, from the root.
    var file: String?
    var pool: String?
    var perSenderDaily = 0
}

/// Asks what to guard.
struct InitQuestions {
    let options: InitOptions
    let layout: InitLayout
    let terminal: InitTerminal

    func campaigns() throws -> InitTargets {
        guard options.campaigns.isEmpty, options.campaignsFile == nil else {
            var targets = InitTargets(campaigns: options.campaigns.compactMap { CampaignID($0) }, pool: options.pool)
            if let file = options.campaignsFile {
                targets.file = InitLayout.absolute(file)
                if let (problem, code) = problem(of: file) {
                    StandardError.write("error: \(problem)")
                    throw code
                }
            }
            return targets
        }
        return try askedCampaigns()
    }

    func askedCampaigns() throws -> InitTargets {
        while true {
            let answer = try terminal.ask("Campaigns to guard: ids, or a file with one id per line")
            let words = answer.split { $0 == " " || $0 == "," || $0 == "\t" }.map(String.init)
            if words.isEmpty {
                StandardError.write("  enter at least one id; the platform shows it in the campaign's URL")
            } else if let only = words.first, words.count == 1,
                only.contains("/") || FileManager.default.fileExists(atPath: only)
            {
                guard let (problem, _) = problem(of: only) else {
                    return InitTargets(file: InitLayout.absolute(only), pool: options.pool)
                }
                StandardError.write("  \(problem)")
            } else if let wrong = words.first(where: { CampaignID($0) == nil }) {
                StandardError.write("  '\(CleanText.cleaned(wrong))' is not a valid campaign id")
            } else {
                return InitTargets(campaigns: words.compactMap { CampaignID($0) }, pool: options.pool)
            }
        }
    }

    func pool() throws -> InitTargets {
        var targets = InitTargets(pool: try options.pool ?? askedPool(of: .twilioComms))
        if let given = options.perSenderDaily {
            targets.perSenderDaily = given
            return targets
        }
        while true {
            let answer = try terminal.ask("Emails that one sender may send per day")
            if let count = Int(answer), count > 0 {
                targets.perSenderDaily = count
                return targets
            }
            StandardError.write("  enter a number, such as 50")
        }
    }

    func askedPool(of provider: Provider) throws -> String? {
        let isNamed = !provider.can(.campaigns)
        while true {
            let answer = try terminal.ask(isNamed ? "Sender pool, by id or name" : "Sender pool (Enter for none)")
            if answer.isEmpty, !isNamed { return nil }
            if isNamed ? !answer.isEmpty : PoolID(answer) != nil { return answer }
            StandardError.write(
                answer.isEmpty ? "  enter a pool" : "  '\(CleanText.cleaned(answer))' is not a valid pool id")
        }
    }

    /// Why the daemon cannot use a file of campaigns; nil if it can.
    private func problem(of file: String) -> (String, ExitCode)? {
        let path = InitLayout.absolute(file)
        var status = stat()
        guard stat(path, &status) == 0 else {
            let code = errno
            return ("\(path): \(String(cString: strerror(code)))", code == EACCES ? .noPermission : .noInput)
        }
        guard status.st_mode & S_IFMT == S_IFREG else { return ("\(path) is not a regular file", .noInput) }
        guard layout.unit != nil else { return nil }
        // The unit's sandbox exposes /etc and /usr, and the service runs as a separate user.
        guard path.hasPrefix("/etc/") else {
            let name = path.split(separator: "/").last.map(String.init) ?? "campaigns.txt"
            let copy = "install -m 0644 \(ShellText.quoted(path)) /etc/sendwarden/\(ShellText.quoted(name))"
            return ("the service cannot read \(path), because it can access only /etc; run: \(copy)", .noPermission)
        }
        guard status.st_mode & 0o004 != 0 else {
            return ("the service cannot read \(path); run: chmod 644 \(ShellText.quoted(path))", .noPermission)
        }
        return nil
    }
}
