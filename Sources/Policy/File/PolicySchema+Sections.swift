import Model

/// The parts of the schema for the policy's sections, except `rules` and `pools`.
extension PolicySchema {
    static var workspace: Piece {
        mapping(
            "One API key on one provider.", required: ["name", "provider"],
            [
                ("name", ref("name", "Named in every event.")),
                ("provider", oneOf(Provider.self, "The sending platform.")),
                (
                    "url",
                    described(
                        "Scheme, host and port; plain http only to this machine.",
                        [
                            ("type", .text("string")),
                            (
                                "pattern",
                                .text(
                                    #"^(https://[^/\s]+|http://(localhost|127\.[0-9.]+|\[::1\])(:\d+)?)/?$"#)
                            ),
                        ])
                ),
                (
                    "credential",
                    described(
                        "The name of a systemd credential that holds the key.",
                        [("type", .text("string")), ("pattern", .text(#"^(?!sk_)[^/\s]{1,255}$"#))])
                ),
                (
                    "credential_file",
                    described(
                        "A file, mode 0600, that holds the key.",
                        [("type", .text("string")), ("pattern", .text(#"^(?!sk_)\S"#))])
                ),
            ],
            more: [
                (
                    "oneOf",
                    .list([
                        .object([("required", words(["credential"]))]),
                        .object([("required", words(["credential_file"]))]),
                    ])
                )
            ])
    }

    static var poll: Piece {
        mapping(
            "How often the platform is asked.",
            [
                (
                    "stats",
                    ref("interval", "How often each campaign's numbers are fetched, or within which range. Default 1m.")
                ),
                ("pools", ref("interval", "How often the sender pools are, or within which range. Default 1m.")),
                ("accounts", ref("duration", "How often the sender accounts are, if a rule reads them. Default 10m.")),
                (
                    "budget",
                    described(
                        "Requests of all kinds. Default 120/min.",
                        [("type", .text("string")), ("pattern", .text(#"^\s*[1-9]\d*\s*/\s*(s|min|h)\s*$"#))])
                ),
                ("timeout", ref("duration", "For one request, to the last byte of its answer. Default 10s.")),
            ])
    }

    static var belt: Piece {
        mapping(
            "Deprecated: use start_limit and circuit_breaker.",
            [
                ("starts", ref("ratio", "Use share in start_limit.")),
                ("per", ref("duration", "Use per in start_limit and in circuit_breaker.")),
                (
                    "pauses",
                    described("Use pauses in circuit_breaker.", [("enum", words(["go", "stop"]))])
                ),
            ])
    }

    static var startLimit: Piece {
        mapping(
            "How many campaigns may be started or resumed within a period.",
            [
                ("share", ref("ratio", "The share of all campaigns; at least one may always start. Default 20%.")),
                ("per", ref("duration", "The period. Default 10m.")),
            ])
    }

    static var circuitBreaker: Piece {
        mapping(
            "What happens when more than half of at least six running campaigns breach at once.",
            [
                (
                    "pauses",
                    oneOf(CircuitBreakerSettings.Pauses.self, "Whether campaigns are still paused. Default continue.")
                ),
                ("per", ref("duration", "Breaches that begin within this period are simultaneous. Default 10m.")),
            ])
    }

    static var campaign: Piece {
        mapping(
            "A campaign that the guard watches.", required: ["id"],
            [
                ("id", ref("id", "The platform's id.")),
                ("workspace", ref("name", "The workspace that it is in, where there are several.")),
                ("name", ref("name", "For people.")),
                ("pool", ref("id", "The sender pool that it draws from: its id, or its name under pools.")),
                ("labels", ref("labels", "For rules, such as {team: sales}.")),
            ])
    }

    static var launch: Piece {
        mapping(
            "A draft to start once its launch rules allow it.", required: ["campaign"],
            [
                ("campaign", ref("id", "One of campaigns; a draft.")),
                ("not_before", ref("time", "It is not started before.")),
                ("expires", ref("time", "If it was not started by then, it is dropped.")),
                (
                    "priority",
                    described(
                        "Higher goes first.",
                        [("type", .text("integer")), ("minimum", .number(-1000)), ("maximum", .number(1000))])
                ),
            ])
    }
}
