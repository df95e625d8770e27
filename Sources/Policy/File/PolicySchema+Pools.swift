import Model

/// The parts of the schema for pools that the policy names, and for their senders.
extension PolicySchema {
    static var pool: Piece {
        mapping(
            "A name for a pool of a platform that reports no volumes.",
            required: ["name", "pool_where", "per_sender_daily"],
            [
                ("name", ref("id", "The name that campaigns, rules and events use.")),
                ("workspace", ref("name", "The pool's workspace; required if several could be meant.")),
                (
                    "pool_where",
                    mapping(
                        "Selects the pool that matches every given key.",
                        [
                            ("id", ref("id", "The platform's id.")), ("name", ref("name", "The platform's name.")),
                            ("tags", ref("labels", "Tags that it must have; it may have others.")),
                        ], more: [("minProperties", .number(1))])
                ),
                ("channel", oneOf(PoolSender.Channel.self, "The channel whose senders count. Default EMAIL.")),
                (
                    "per_sender_daily",
                    described(
                        "Emails that one activated sender may send per UTC day.",
                        [("type", .text("integer")), ("minimum", .number(1)), ("maximum", .number(10_000_000))])
                ),
            ])
    }

    static var sender: Piece {
        mapping(
            "Selects the members that match every given key.",
            [
                ("id", ref("id", "The platform's id.")), ("address", ref("name", "The sender's address.")),
                ("channel", oneOf(PoolSender.Channel.self, "The sender's channel.")),
                ("status", oneOf(PoolSender.Status.self, "The sender's status.")),
                ("tags", ref("labels", "Tags that it must have; it may have others.")),
            ], more: [("minProperties", .number(1))])
    }
}
