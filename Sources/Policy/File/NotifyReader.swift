import Model
import Yams

/// Reads the `notify:` list and `heartbeat:`.
struct NotifyReader {
    static let receiversMax = 20
    private static let recipientsMax = 20
    private static let groupWaits: ClosedRange<Duration> = .zero...(.seconds(3600))
    private static let heartbeats: ClosedRange<Duration> = .seconds(10)...(.seconds(86400))
    static let kinds = ["webhook", "alertmanager", "email"]

    let reader: FieldReader

    init(_ reader: FieldReader) {
        self.reader = reader
    }

    func receivers(_ fields: Fields) -> [Receiver] {
        guard let node = fields["notify"] else { return [] }
        var seen: [String: Node] = [:]
        var receivers: [Receiver] = []
        for node in reader.elements(node, of: "notify", countMax: NotifyReader.receiversMax) {
            guard let receiver = receiver(node) else { continue }
            if let first = seen[receiver.name] {
                let place = reader.place(first, from: node)
                reader.error("receiver '\(receiver.name)' is already defined in \(place)", at: node)
                continue
            }
            seen[receiver.name] = node
            receivers.append(receiver)
        }
        return receivers
    }

    private func receiver(_ node: Node) -> Receiver? {
        let known =
            ["name"] + NotifyReader.kinds + ["severity", "events", "labels", "group_wait", "summary", "tz"]
        let hints = [
            "slack": "write webhook: {url_file: …, format: slack}",
            "teams": "write webhook: {url_file: …, format: teams}",
            "mattermost": "write webhook: {url_file: …, format: slack}; Mattermost accepts that format",
            "url": "write it under 'webhook'",
        ]
        guard let fields = reader.fields(node, of: "a receiver", known: known, hints: hints) else { return nil }
        let name = reader.required(
            "name", fields, ifMissing: "the receiver has no 'name'", help: "add a name, for example 'name: oncall'"
        ).flatMap { reader.name($0, "the receiver's name") }
        let events = events(fields)
        var severity = events.isEmpty ? Priority.warning : .info
        if let node = fields["severity"] { severity = priority(node) ?? severity }
        let labels = fields["labels"].map { LabelReader(reader).labels($0) } ?? [:]
        let groupWait = fields["group_wait"].flatMap { reader.duration($0, "group_wait", in: NotifyReader.groupWaits) }
        let summary = summary(fields)
        guard let channel = channel(fields) else { return nil }
        if case .alertmanager = channel, let node = fields["summary"] {
            reader.error(
                "'summary' cannot be used with 'alertmanager', which accepts only alerts", help: "remove 'summary'",
                at: node)
        }
        guard let name else { return nil }
        return Receiver(
            name: name, severity: severity, events: events, labels: labels,
            groupWait: groupWait ?? Receiver.groupWaitDefault, summary: summary, channel: channel)
    }

    // MARK: Filters

    private func priority(_ node: Node) -> Priority? {
        guard let text = reader.text(node, "severity") else { return nil }
        guard let priority = Priority.allCases.first(where: { $0.word == text }) else {
            reader.error(
                "unknown severity '\(text.prefix(40))'", help: "write one of info, notice, warning, error, critical",
                at: node)
            return nil
        }
        return priority
    }

    private func events(_ fields: Fields) -> [String] {
        guard let node = fields["events"] else { return [] }
        let names = EventKind.allCases.map(\.rawValue)
        let groups = Set(names.map { String($0.prefix { $0 != "." }) })
        let nodes = reader.elements(node, of: "events", countMax: names.count)
        if nodes.isEmpty, node.sequence != nil {
            reader.error("'events' is empty", help: "remove it to get all events", at: node)
        }
        return nodes.compactMap { node in
            guard let name = reader.text(node, "the event's name") else { return nil }
            guard names.contains(name) || groups.contains(name) else {
                let nearest = NearestName.of(name, in: names + groups.sorted())
                reader.error(
                    "unknown event '\(name.prefix(40))'",
                    help: nearest.map { "did you mean '\($0)'?" } ?? "docs/events.md lists the events", at: node)
                return nil
            }
            return name
        }
    }

    private func summary(_ fields: Fields) -> Receiver.Summary? {
        var zone = "UTC"
        if let node = fields["tz"] {
            if let table = TimeReader(reader).zone(node, "tz") { zone = table.name }
            if fields["summary"] == nil {
                reader.error("'tz' needs 'summary'", help: "add 'summary: \"08:00\"'", at: fields.key("tz"))
            }
        }
        guard let node = fields["summary"],
            let minute = TimeReader(reader).minuteOfDay(node, "summary", example: "summary: \"08:00\"")
        else { return nil }
        return Receiver.Summary(minuteOfDay: minute, timeZone: zone)
    }

    // MARK: Kinds

    private func channel(_ fields: Fields) -> Receiver.Channel? {
        let present = NotifyReader.kinds.filter { fields[$0] != nil }
        guard let kind = present.first, let node = fields[kind] else {
            let isMisspelled = !fields.misspelled.isDisjoint(with: NotifyReader.kinds)
            if !isMisspelled {
                reader.error(
                    "the receiver needs one of \(NotifyReader.kinds.joined(separator: ", "))",
                    help: "for example webhook: {url_file: /etc/sendwarden/slack.url, format: slack}", at: fields.node)
            }
            return nil
        }
        if let second = present.dropFirst().first {
            reader.error(
                "'\(kind)' and '\(second)' cannot be used together", help: "write two receivers",
                at: fields.key(second))
            return nil
        }
        switch kind {
        case "webhook": return webhook(node)
        case "alertmanager": return alertmanager(node)
        default: return email(node)
        }
    }

    private static let addressKeys = ["url", "url_file", "url_credential"]
    private static let credentialKeys = ["credential", "credential_file"]

    private func webhook(_ node: Node) -> Receiver.Channel? {
        let known = NotifyReader.addressKeys + ["format", "body"] + NotifyReader.credentialKeys
        guard let fields = reader.fields(node, of: "webhook", known: known) else { return nil }
        let address = address(fields, of: "the webhook")
        let credential = CredentialReference(reader).optional(fields)
        let format: Receiver.Webhook.Format? = fields["format"].flatMap { reader.choice($0, "the format") }
        var body: BodyTemplate?
        if let node = fields["body"] {
            if fields["format"] != nil {
                reader.error(
                    "'format' and 'body' cannot be used together", help: "remove one of them", at: fields.key("format"))
            }
            body = reader.text(node, "body").flatMap { template($0, node) }
        }
        return address.map {
            .webhook(Receiver.Webhook(url: $0, format: format ?? .json, body: body, credential: credential))
        }
    }

    private func template(_ text: String, _ node: Node) -> BodyTemplate? {
        do throws(BodyTemplate.Flaw) {
            return try BodyTemplate(text)
        } catch {
            let names = BodyTemplate.Placeholder.allCases.map { "{{\($0.rawValue)}}" }.joined(separator: " ")
            switch error {
            case .unknownPlaceholder(let name):
                reader.error(
                    "unknown placeholder '{{\(name.prefix(40))}}'", help: "placeholders are \(names)", at: node)
            case .unclosed:
                reader.error("a placeholder is not closed with '}}'", help: "placeholders are \(names)", at: node)
            case .notJSON:
                reader.error(
                    "the body is not JSON once its placeholders are filled in",
                    help: "write texts in quotes, such as \"{{text}}\", and {{count}} and {{events}} without quotes",
                    at: node)
            }
            return nil
        }
    }

    private func alertmanager(_ node: Node) -> Receiver.Channel? {
        let known = NotifyReader.addressKeys + NotifyReader.credentialKeys
        guard let fields = reader.fields(node, of: "alertmanager", known: known) else { return nil }
        let credential = CredentialReference(reader).optional(fields)
        return address(fields, of: "alertmanager").map {
            .alertmanager(Receiver.Alertmanager(url: $0, credential: credential))
        }
    }

    private func email(_ node: Node) -> Receiver.Channel? {
        guard let fields = reader.fields(node, of: "email", known: ["to", "from", "server"]) else { return nil }
        let toNode = reader.required("to", fields, ifMissing: "the email has no 'to'")
        let fromNode = reader.required(
            "from", fields, ifMissing: "the email has no 'from'", help: "for example from: sendwarden@acme.example")
        let recipients: [Node] =
            toNode.map {
                $0.scalar == nil ? reader.elements($0, of: "to", countMax: NotifyReader.recipientsMax) : [$0]
            } ?? []
        if let toNode, recipients.isEmpty, toNode.sequence != nil || reader.isNull(toNode) {
            reader.error("'to' is empty", help: "add an address", at: toNode)
        }
        let to = recipients.compactMap { mailbox($0, "to") }
        let from = fromNode.flatMap { mailbox($0, "from") }
        var (host, port) = ("localhost", 25)
        if let node = fields["server"], let text = reader.text(node, "server") {
            let name = URLAuthority.host(of: text[...])
            guard let name, URLAuthority.isLoopback(name) else {
                reader.error(
                    "'server' must be a mail server of this machine, because the email is sent unencrypted",
                    help: "for example localhost:25; let the local server relay it", at: node)
                return nil
            }
            host = String(name.hasPrefix("[") ? name.dropFirst().dropLast() : name)
            port = text.dropFirst(name.count).isEmpty ? 25 : Int(text.dropFirst(name.count + 1)) ?? 25
        }
        guard let from, !to.isEmpty, to.count == recipients.count else { return nil }
        return .email(Receiver.Email(to: to, from: from, host: host, port: port))
    }

    private func mailbox(_ node: Node, _ what: String) -> String? {
        guard let text = reader.text(node, what) else { return nil }
        let parts = text.split(separator: "@", omittingEmptySubsequences: false)
        let isPlain = text.utf8.allSatisfy { (0x21...0x7e).contains($0) && !"<>()[],;:\\\"".utf8.contains($0) }
        guard parts.count == 2, parts.allSatisfy({ !$0.isEmpty }), isPlain, text.utf8.count <= 254 else {
            reader.error(
                "'\(text.prefix(60))' is not an email address", help: "for example ops@acme.example", at: node)
            return nil
        }
        return text
    }

    // MARK: URLs

    private func address(_ fields: Fields, of what: String) -> Receiver.Address? {
        let present = NotifyReader.addressKeys.filter { fields[$0] != nil }
        guard let key = present.first, let node = fields[key] else {
            if fields.misspelled.isDisjoint(with: NotifyReader.addressKeys) {
                reader.error(
                    "\(what) has no 'url'",
                    help: "write 'url:', or 'url_file:' or 'url_credential:' if the URL is a secret", at: fields.node)
            }
            return nil
        }
        if let second = present.dropFirst().first {
            reader.error(
                "'\(key)' and '\(second)' cannot be used together", help: "remove one of them", at: fields.key(second))
            return nil
        }
        switch key {
        case "url_file": return CredentialReference(reader).file(node, key).map { .stored($0) }
        case "url_credential": return CredentialReference(reader).name(node, key).map { .stored($0) }
        default: break
        }
        guard let text = reader.text(node, key) else { return nil }
        do throws(WebURL.Flaw) {
            return .inline(try WebURL(text))
        } catch {
            reader.error(error.message, help: error.help, at: node)
            return nil
        }
    }

    // MARK: Heartbeat

    func heartbeat(_ fields: Fields) -> Heartbeat? {
        guard let node = fields["heartbeat"] else { return nil }
        let known = NotifyReader.addressKeys + ["every", "method"]
        guard let parts = reader.fields(node, of: "heartbeat", known: known) else { return nil }
        let every = parts["every"].flatMap { reader.duration($0, "every", in: NotifyReader.heartbeats) }
        let method: Heartbeat.Method? = parts["method"].flatMap { reader.choice($0, "the method") }
        return address(parts, of: "the heartbeat").map {
            Heartbeat(url: $0, every: every ?? .seconds(60), method: method ?? .get)
        }
    }
}
