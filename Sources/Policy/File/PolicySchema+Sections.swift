import Model

/// The parts of the schema for the policy's sections, except `rules` and `pools`.
extension PolicySchema {
    static var workspace: Piece {
        mapping(
            "One API key on one provider.", required: ["name", "provider"],
            [
                ("name", ref("name", "Included in every event.")),
                ("provider", oneOf(Provider.self, "The sending platform.")),
                (
                    "url",
                    described(
                        "Scheme, host and port; http is allowed for loopback addresses only.",
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
                        "The name of the systemd credential that contains the key.",
                        [("type", .text("string")), ("pattern", .text(#"^(?!sk_)[^/\s]{1,255}$"#))])
                ),
                (
                    "credential_file",
                    described(
                        "A file with mode 0600 that contains the key; relative to the folder of this file.",
                        [("type", .text("string")), ("pattern", .text(#"^(?!sk_)\S"#))])
                ), ("quiet", quiet("The workspace's own quiet hours, instead of the policy's.")),
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
            "How often the platform is polled.",
            [
                (
                    "stats",
                    ref("interval", "How often each campaign is polled: a duration or a range. Default 1m.")
                ),
                ("pools", ref("interval", "How often the sender pools are polled: a duration or a range. Default 1m.")),
                (
                    "accounts",
                    ref("duration", "How often the sender accounts are polled, if a rule reads them. Default 10m.")
                ),
                (
                    "budget",
                    described(
                        "The rate limit for all requests. Default 120/min.",
                        [("type", .text("string")), ("pattern", .text(#"^\s*[1-9]\d*\s*/\s*(s|min|h)\s*$"#))])
                ),
                ("timeout", ref("duration", "For one request, up to the last byte of its response. Default 10s.")),
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

    static var defaults: Piece {
        mapping(
            "Values for campaigns whose own entries do not set them.",
            [
                ("workspace", ref("name", "The campaigns' workspace.")),
                ("pool", ref("id", "The pool of the campaigns in that workspace: an id, or a name under pools.")),
                ("labels", ref("labels", "Labels in addition to the campaigns' own.")),
            ])
    }

    static var campaign: Piece {
        .object([
            (
                "oneOf",
                .list([
                    ref("id", "The platform's id."),
                    mapping(
                        "A campaign to guard.", required: ["id"],
                        [
                            ("id", ref("id", "The platform's id.")),
                            (
                                "workspace",
                                ref("name", "The campaign's workspace; required if several could be meant.")
                            ),
                            ("name", ref("name", "For display.")),
                            ("pool", ref("id", "The sender pool that it uses: an id, or a name under pools.")),
                            ("labels", ref("labels", "For rules, for example {team: sales}.")),
                        ]),
                ])
            )
        ])
    }

    static var launch: Piece {
        mapping(
            "A draft that is started once its launch rules allow it.", required: ["campaign"],
            [
                ("campaign", ref("id", "The id of a draft under campaigns.")),
                ("not_before", ref("time", "The earliest start.")),
                ("expires", ref("time", "The launch is dropped if it has not started by then.")),
                (
                    "priority",
                    described(
                        "The higher priority starts first.",
                        [("type", .text("integer")), ("minimum", .number(-1000)), ("maximum", .number(1000))])
                ),
            ])
    }
}
