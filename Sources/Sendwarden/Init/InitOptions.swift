import ArgumentParser
import Model
import Policy

/// The options of `init`, which answer its questions in advance.
struct InitOptions: ParsableArguments {
    static let providers = Provider.allCases.map(\.rawValue).joined(separator: " or ")

    @Option(help: ArgumentHelp("The sending platform: \(InitOptions.providers).", valueName: "name"))
    var provider: String?

    @Option(
        help: ArgumentHelp(
            "Read the API key from this file; '-' is standard input. The key is never an argument.", valueName: "file"))
    var keyFile: String?

    @Option(
        name: .customLong("campaign"), parsing: .upToNextOption,
        help: ArgumentHelp("The ids of campaigns to guard.", valueName: "id"))
    var campaigns: [String] = []

    @Option(
        help: ArgumentHelp(
            "A file with the ids of the campaigns to guard, one per line; the daemon reads it again when it changes.",
            valueName: "file"))
    var campaignsFile: String?

    @Option(
        help: ArgumentHelp(
            "The campaigns' sender pool; by default the workspace's only one. For Twilio Comms, the pool to guard, by "
                + "id or name.", valueName: "pool"))
    var pool: String?

    @Option(
        name: .customLong("label"),
        help: ArgumentHelp("A label of the campaigns, for rules; can be repeated.", valueName: "name=text"))
    var labels: [String] = []

    @Option(help: ArgumentHelp("For Twilio Comms: emails that one sender may send per day.", valueName: "count"))
    var perSenderDaily: Int?

    @Option(help: ArgumentHelp("The workspace's name in events; by default the platform's name.", valueName: "name"))
    var name: String?

    @Option(help: ArgumentHelp("Write the policy to this file.", valueName: "file"))
    var policy: String?

    @Option(help: ArgumentHelp("The platform's base URL, if it is not the usual one.", valueName: "url"))
    var baseUrl: String?

    @Flag(help: "Do not connect to the platform; the key and the ids are then not checked.")
    var offline = false

    @Flag(help: "Replace an existing policy and key.")
    var force = false

    /// Nil if not given.
    var platform: Provider? { provider.flatMap { Provider(rawValue: $0) } }

    func validate() throws {
        if let name {
            // It becomes a part of the name of the key's file.
            let isPlain = name.unicodeScalars.allSatisfy {
                $0.isASCII && ($0.properties.isAlphabetic || "0123456789._-".unicodeScalars.contains($0))
            }
            guard isPlain, !name.isEmpty, !name.hasPrefix("."), name.count <= 100 else {
                throw ValidationError("--name \(name): use letters, digits and . _ -, and begin with no dot.")
            }
        }
        if let provider, platform == nil {
            throw ValidationError("--provider \(provider) is not \(InitOptions.providers).")
        }
        if let keyFile, keyFile.hasPrefix("sk_") || (keyFile.contains(":") && !keyFile.contains("/")) {
            throw ValidationError(
                "--key-file takes the name of a file, never the key itself: arguments are visible to other users.")
        }
        for campaign in campaigns where CampaignID(campaign) == nil {
            throw ValidationError("'\(campaign)' is not a valid campaign id.")
        }
        for label in labels where InitOptions.pair(label) == nil {
            throw ValidationError("--label \(label): write a name, '=' and a text, such as team=sales.")
        }
        if let perSenderDaily, perSenderDaily < 1 {
            throw ValidationError("--per-sender-daily \(perSenderDaily) is less than 1.")
        }
        try validateForPlatform()
        // The policy's own reader decides what is valid.
        let texts = StarterPolicy.Texts(name: name ?? "a", url: baseUrl, labels: labels.compactMap(InitOptions.pair))
        if let error = StarterPolicy.error(in: texts, of: platform ?? .leadterra) { throw ValidationError(error + ".") }
    }

    private func validateForPlatform() throws {
        guard let platform else { return }
        if !platform.can(.campaigns), !campaigns.isEmpty || campaignsFile != nil || !labels.isEmpty {
            throw ValidationError(
                "\(platform.traits.title) has sender pools but sends no campaigns; use --pool. One policy can combine "
                    + "it with another platform; see docs/sender-pools.md.")
        }
        if platform.can(.campaigns), perSenderDaily != nil {
            throw ValidationError("--per-sender-daily is only for Twilio Comms.")
        }
        if platform.can(.campaigns), let pool, PoolID(pool) == nil {
            throw ValidationError("'\(pool)' is not a valid pool id.")
        }
    }

    static func pair(_ label: String) -> (String, String)? {
        guard let sign = label.firstIndex(of: "=") else { return nil }
        let (name, text) = (String(label[..<sign]), String(label[label.index(after: sign)...]))
        return name.isEmpty || text.isEmpty ? nil : (name, text)
    }
}
