import Model
import Yams

/// Reads the keys that only rules on pools have: `pools`, `sender` and `keep_at_least`.
struct SenderRuleReader {
    struct Parts {
        var pools: Set<PoolID>?
        var sender: SenderSelector?
        var keepAtLeast: Int?
    }

    let reader: FieldReader
    let pools: [Located<PoolBinding>]

    init(_ reader: FieldReader, pools: [Located<PoolBinding>]) {
        self.reader = reader
        self.pools = pools
    }

    func parts(_ fields: Fields, _ trigger: Rule.Trigger?, _ action: Rule.Action?) -> Parts {
        var parts = Parts()
        if let node = fields["pools"] {
            if trigger == .pool { parts.pools = readPools(node) } else { misplaced("pools", fields, "a rule on pools") }
        }
        if let node = fields["sender"] {
            if action?.changesSenders == true {
                parts.sender = readSender(node)
            } else {
                misplaced("sender", fields, "a rule that removes or restores a sender")
            }
        }
        if let node = fields["keep_at_least"] {
            if action == .removeSender {
                parts.keepAtLeast = reader.integer(node, "keep_at_least", in: 1...1_000_000)
            } else {
                misplaced("keep_at_least", fields, "a rule that removes senders")
            }
        }
        guard action == .removeSender else { return parts }
        _ = reader.required(
            "sender", fields, ifMissing: "the rule has no 'sender'",
            help:
                "write sender: {status: DEACTIVATED}, or select by id, address, channel or tags"
        )
        _ = reader.required(
            "keep_at_least", fields, ifMissing: "the rule has no 'keep_at_least'",
            help: "write how many senders that can send it must leave in the pool: keep_at_least: 3")
        return parts
    }

    private func misplaced(_ key: String, _ fields: Fields, _ home: String) {
        reader.error("only \(home) can have '\(key)'", help: "remove it", at: fields.key(key))
    }

    private func readPools(_ node: Node) -> Set<PoolID>? {
        guard node.sequence != nil else {
            reader.error("pools must be a list of names or ids", help: "for example [main]", at: node)
            return nil
        }
        let ids = reader.elements(node, of: "pools", countMax: PoolReader.countMax)
        return Set(ids.compactMap { reader.identifier($0, "the pool's name") as PoolID? })
    }

    private func readSender(_ node: Node) -> SenderSelector? {
        let known = ["id", "address", "channel", "status", "tags"]
        guard let fields = reader.fields(node, of: "sender", known: known) else { return nil }
        let sender = SenderSelector(
            id: fields["id"].flatMap { reader.identifier($0, "the sender's id") },
            address: fields["address"].flatMap { reader.name($0, "the sender's address") },
            channel: fields["channel"].flatMap { reader.choice($0, "the sender's channel") },
            status: fields["status"].flatMap { reader.choice($0, "the sender's status") },
            tags: fields["tags"].map(LabelReader(reader).labels) ?? [:])
        if sender == SenderSelector(tags: [:]), !reader.hasErrors {
            reader.error(
                "sender is empty and would match any sender", help: "set at least one of its keys", at: node)
        }
        return sender
    }
}
