import Model

/// The parts of the schema for `notify` and `heartbeat`.
extension PolicySchema {
    private static func text(_ description: String, _ pattern: String) -> Piece {
        described(description, [("type", .text("string")), ("pattern", .text(pattern))])
    }

    private static var address: [(String, Piece)] {
        [
            (
                "url",
                text(
                    "The URL; http is allowed for loopback addresses only.",
                    #"^(https://[^/\s@#]+|http://(localhost|127\.[0-9.]+|\[::1\])(:\d+)?)([/?][!-"$-~]*)?$"#)
            ), ("url_file", text("A file with mode 0600 that contains the URL.", "^/")),
            (
                "url_credential",
                text("The name of the systemd credential that contains the URL.", #"^[^/\s]{1,255}$"#)
            ),
        ]
    }

    private static var credential: [(String, Piece)] {
        [
            (
                "credential",
                text(
                    "The name of the systemd credential with the token, or user:password, for the Authorization header.",
                    #"^[^/\s]{1,255}$"#)
            ), ("credential_file", text("Instead of credential: a file with mode 0600.", "^/")),
        ]
    }

    private static func exactlyOne(_ keys: [String]) -> (String, Piece) {
        ("oneOf", .list(keys.map { .object([("required", words([$0]))]) }))
    }

    private static let addressKeys = ["url", "url_file", "url_credential"]

    private static func notBoth(_ first: String, _ second: String) -> (String, Piece) {
        ("not", .object([("required", words([first, second]))]))
    }

    static var webhook: Piece {
        mapping(
            "An HTTP POST with a JSON body.",
            address + [
                ("format", oneOf(Receiver.Webhook.Format.self, "The body; slack also suits Mattermost. Default json.")),
                ("body", text("Instead of format: a template of the body, JSON with placeholders.", #"\S"#)),
            ] + credential,
            more: [
                exactlyOne(addressKeys),
                (
                    "allOf",
                    .list([
                        .object([notBoth("format", "body")]), .object([notBoth("credential", "credential_file")]),
                    ])
                ),
            ])
    }

    static var alertmanager: Piece {
        mapping(
            "Alertmanager's API, version 2.", address + credential,
            more: [exactlyOne(addressKeys), notBoth("credential", "credential_file")])
    }

    private static let mailbox = #"^[^\s@<>()\[\],;:\\"]+@[^\s@<>()\[\],;:\\"]+$"#

    static var email: Piece {
        mapping(
            "Email through a mail server of this machine.", required: ["to", "from"],
            [
                (
                    "to",
                    described(
                        "One address, or a list.",
                        [
                            (
                                "oneOf",
                                .list([
                                    pattern(mailbox),
                                    .object([
                                        ("type", .text("array")), ("minItems", .number(1)), ("maxItems", .number(20)),
                                        ("items", pattern(mailbox)),
                                    ]),
                                ])
                            )
                        ])
                ), ("from", text("The sender's address.", mailbox)),
                (
                    "server",
                    text(
                        "A mail server of this machine. Default localhost:25.",
                        #"^(localhost|127\.[0-9.]+|\[::1\])(:\d{1,5})?$"#)
                ),
            ])
    }

    static var receiver: Piece {
        let names = EventKind.allCases.map(\.rawValue)
        let groups = names.reduce(into: [String]()) { groups, name in
            let group = String(name.prefix { $0 != "." })
            if !groups.contains(group) { groups.append(group) }
        }
        return mapping(
            "A receiver of notifications, and the events that it gets.", required: ["name"],
            [
                ("name", ref("name", "Included in events about the receiver.")),
                ("webhook", ref("webhook", "An HTTP POST with a JSON body.")),
                ("alertmanager", ref("alertmanager", "Alertmanager's API.")),
                ("email", ref("email", "Email through a mail server of this machine.")),
                (
                    "severity",
                    described(
                        "The minimum severity. Default warning, or info with events.",
                        [("enum", words(["info", "notice", "warning", "error", "critical"]))])
                ),
                (
                    "events",
                    described(
                        "Names of events, or of groups of events such as campaign. Default all.",
                        [
                            ("type", .text("array")), ("minItems", .number(1)),
                            ("items", .object([("enum", words(names + groups))])),
                        ])
                ), ("labels", ref("labels", "Only events about campaigns with these labels.")),
                ("group_wait", ref("duration", "How long events are collected into one message. Default 30s.")),
                ("summary", text("The time of the daily summary.", #"^([01]\d|2[0-3]):[0-5]\d$"#)),
                ("tz", ref("name", "The time zone of summary, such as Europe/Berlin. Default UTC.")),
            ],
            more: [
                exactlyOne(NotifyReader.kinds), ("dependentRequired", .object([("tz", words(["summary"]))])),
                ("if", .object([("required", words(["alertmanager"]))])),
                ("then", properties([("summary", .flag(false))])),
            ])
    }

    static var heartbeat: Piece {
        mapping(
            "A URL that is requested regularly while the guard is healthy.",
            address + [
                ("every", ref("duration", "How often. Default 1m.")),
                ("method", oneOf(Heartbeat.Method.self, "Default GET.")),
            ], more: [exactlyOne(addressKeys)])
    }
}
