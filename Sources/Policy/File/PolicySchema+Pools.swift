import Model

/// The parts of the schema that are about pools with a name of the policy's own.
extension PolicySchema {
    static var pool: Piece {
        mapping(
            "A pool of a platform that reports no volumes, under a name of the policy's own.",
            required: ["name", "pool_where", "per_sender_daily"],
            [
                ("name", ref("id", "What campaigns, rules and events call it.")),
                ("workspace", ref("name", "The workspace that it is in, where several could be meant.")),
                (
                    "pool_where",
                    mapping(
                        "Which of the platform's pools is meant: the one that all of this is true of.",
                        [
                            ("id", ref("id", "The platform's id.")), ("name", ref("name", "The platform's name.")),
                            ("tags", ref("labels", "Tags that it carries, among others.")),
                        ], more: [("minProperties", .number(1))])
                ),
                ("channel", oneOf(PoolSender.Channel.self, "The channel whose senders count. Default EMAIL.")),
                (
                    "per_sender_daily",
                    described(
                        "Mails that one activated sender may send a day, UTC.",
                        [("type", .text("integer")), ("minimum", .number(1)), ("maximum", .number(10_000_000))])
                ),
            ])
    }

    static var sender: Piece {
        mapping(
            "Which members of a pool are meant: those that all of this is true of.",
            [
                ("id", ref("id", "The platform's id.")), ("address", ref("name", "The address that it sends from.")),
                ("channel", oneOf(PoolSender.Channel.self, "What it sends.")),
                ("status", oneOf(PoolSender.Status.self, "Whether it can send.")),
                ("tags", ref("labels", "Tags that it carries, among others.")),
            ], more: [("minProperties", .number(1))])
    }
}
