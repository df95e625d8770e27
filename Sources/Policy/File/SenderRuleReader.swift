import Model
import Yams

/// Reads what only rules on pools have: which pools, which senders, and how many must stay.
struct SenderRuleReader {
    struct Parts {
        var pools: Set<PoolID>?
        var sender: SenderSelector?
        var keepAtLeast: Int?
    }

    let reader: FieldReader
    let pools: [Placed<PoolBinding>]

    init(_ reader: FieldReader, pools: [Placed<PoolBinding>]) {
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
            "sender", fields, orTell: "the rule does not say which senders it may remove",
            help: "write sender: {status: DEACTIVATED}, or with id, address, channel or tags")
        _ = reader.required(
            "keep_at_least", fields, orTell: "the rule does not say how many senders must stay",
            help: "write keep_at_least: 3: so many that can send are left in the pool, whatever happens")
        return parts
    }

    private func misplaced(_ key: String, _ fields: Fields, _ home: String) {
        reader.error("'\(key)' belongs into \(home)", help: "remove it", at: fields.key(key))
    }

    private func readPools(_ node: Node) -> Set<PoolID>? {
        guard node.sequence != nil else {
            reader.error("a rule's pools are a list of names or ids", help: "for instance [main]", at: node)
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
                "sender is empty, so any sender would do", help: "name at least one of its properties", at: node)
        }
        return sender
    }
}
