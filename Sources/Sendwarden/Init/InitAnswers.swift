import ArgumentParser
import Glibc
import Journal
import Model
import Policy
import Providers

/// The answers that `init` needs, from options or from the terminal.
struct InitAnswers {
    let provider: Provider
    /// The workspace's name.
    let name: String
    private(set) var key: APIKey
    /// True if a person agreed to replace the stored key.
    private(set) var replacesKey = false
    private(set) var targets: InitTargets
    let url: String?
    let labels: [(String, String)]

    private let options: InitOptions
    private let layout: InitLayout
    private let terminal: InitTerminal
    /// How many more times a rejected key may be corrected.
    private var keysLeft = 2

    init(_ options: InitOptions, _ layout: InitLayout, _ terminal: InitTerminal) throws {
        (self.options, self.layout, self.terminal) = (options, layout, terminal)
        (url, labels) = (options.baseUrl, options.labels.compactMap(InitOptions.pair))
        if !terminal.isThere { try InitAnswers.requireOptions(options, layout) }
        provider = try InitAnswers.provider(options, terminal)
        name = options.name ?? InitAnswers.usualName(provider)
        let keys = InitKeys(options: options, terminal: terminal, provider: provider)
        (key, replacesKey) = try keys.key(storedIn: layout.key(provider, workspace: name))
        let questions = InitQuestions(options: options, layout: layout, terminal: terminal)
        targets = try provider.can(.campaigns) ? questions.campaigns() : questions.pool()
    }

    private static func usualName(_ provider: Provider) -> String { provider.rawValue.replacing("_comms", with: "") }

    /// Fails with the names of all missing options if there is no terminal.
    private static func requireOptions(_ options: InitOptions, _ layout: InitLayout) throws {
        var missing: [String] = []
        if options.platform == nil { missing.append("--provider \(InitOptions.providers)") }
        let provider = options.platform ?? .leadterra
        let stored = layout.key(provider, workspace: options.name ?? usualName(provider))
        if options.keyFile == nil, access(stored, F_OK) != 0 { missing.append("--key-file FILE (- is standard input)") }
        if provider.can(.campaigns) {
            if options.campaigns.isEmpty, options.campaignsFile == nil {
                missing.append("--campaign ID or --campaigns-file FILE")
            }
        } else {
            if options.pool == nil { missing.append("--pool NAME") }
            if options.perSenderDaily == nil { missing.append("--per-sender-daily COUNT") }
        }
        guard !missing.isEmpty else { return }
        StandardError.write(
            "error: standard input is not a terminal, so init cannot ask; add " + missing.joined(separator: ", "))
        throw ExitCode.validationFailure
    }

    private static func provider(_ options: InitOptions, _ terminal: InitTerminal) throws -> Provider {
        if let platform = options.platform { return platform }
        // These options apply only to platforms that send campaigns.
        if !options.campaigns.isEmpty || options.campaignsFile != nil { return .leadterra }
        while true {
            let answer = try terminal.ask("Sending platform, \(InitOptions.providers) [leadterra]").lowercased()
            if answer.isEmpty { return .leadterra }
            let names = Provider.allCases.map(\.rawValue)
            if let provider = Provider.allCases.first(where: { [$0.rawValue, usualName($0)].contains(answer) }) {
                return provider
            }
            let nearest = NearestName.suggestion(NearestName.of(answer, in: names))
            StandardError.write("  '\(CleanText.cleaned(answer))' is not \(InitOptions.providers)\(nearest)")
        }
    }

    /// Asks again for the answer that the platform refused; false without a terminal, or if no answer can help.
    mutating func askAgain(about objection: InitSetup.Objection) throws -> Bool {
        guard terminal.isThere else { return false }
        let questions = InitQuestions(options: options, layout: layout, terminal: terminal)
        switch objection.subject {
        case .key:
            guard keysLeft > 0 else { return false }
            keysLeft -= 1
            let keys = InitKeys(options: options, terminal: terminal, provider: provider)
            (key, replacesKey) = try keys.asked(storedIn: layout.key(provider, workspace: name), mayKeep: false)
        case .campaigns: targets = try questions.askedCampaigns()
        case .pool: targets.pool = try questions.askedPool(of: provider)
        case .other: return false
        }
        return true
    }
}
