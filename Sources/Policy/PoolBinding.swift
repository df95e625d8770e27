package import Model

/// A pool that the policy names because its platform reports no volumes.
package struct PoolBinding: Hashable, Sendable {
    /// The name that campaigns, rules and events use.
    package var name: PoolID
    package var workspace: WorkspaceName
    package var target: PoolSelector
    /// Only senders of this channel count as able to send.
    package var channel: PoolSender.Channel
    /// Emails that one activated sender may send per UTC day.
    package var perSenderDaily: Int
}

/// Selects one of a platform's pools: the pool that matches every given property.
package struct PoolSelector: Hashable, Sendable {
    package var id: PoolID?
    package var name: String?
    package var tags: [String: String]

    package init(id: PoolID? = nil, name: String? = nil, tags: [String: String] = [:]) {
        (self.id, self.name, self.tags) = (id, name, tags)
    }

    package func matches(_ pool: SenderPool) -> Bool {
        id.map { $0 == pool.id } ?? true && name.map { $0 == pool.name } ?? true
            && tags.allSatisfy { pool.tags?[$0.key] == $0.value }
    }

    /// In the policy's notation.
    package var text: String {
        let parts = [
            id.map { "id: \($0)" }, name.map { "name: \($0)" },
            tags.isEmpty
                ? nil
                : "tags: {" + tags.sorted { $0.key < $1.key }.map { "\($0): \($1)" }.joined(separator: ", ") + "}",
        ]
        return "{" + parts.compactMap { $0 }.joined(separator: ", ") + "}"
    }
}

/// Selects members of a pool: the senders that match every given property.
package struct SenderSelector: Hashable, Sendable {
    package var id: SenderID?
    package var address: String?
    package var channel: PoolSender.Channel?
    package var status: PoolSender.Status?
    package var tags: [String: String]

    package init(
        id: SenderID? = nil, address: String? = nil, channel: PoolSender.Channel? = nil,
        status: PoolSender.Status? = nil, tags: [String: String] = [:]
    ) {
        (self.id, self.address, self.channel, self.status, self.tags) = (id, address, channel, status, tags)
    }

    package func matches(_ sender: PoolSender) -> Bool {
        id.map { $0 == sender.id } ?? true && address.map { $0 == sender.address } ?? true
            && channel.map { $0 == sender.channel } ?? true && status.map { $0 == sender.status } ?? true
            && tags.allSatisfy { sender.tags[$0.key] == $0.value }
    }
}
