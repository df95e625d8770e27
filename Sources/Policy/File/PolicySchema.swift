import Model

/// The policy's JSON Schema, for editors and other validators.
///
/// It knows every key, every choice and the shape of every value. What one value means for another, such as an id that
/// no campaign has, or a condition that can never be true, only ``PolicyLoader`` finds.
package enum PolicySchema {
    /// Where editors find it; the package installs it there.
    package static let installedPath = "/usr/share/sendwarden/policy.schema.json"

    // MARK: Patterns

    private static let durationUnits = #"(\d+d)?(\d+h)?(\d+m)?(\d+s)?(\d+ms)?"#
    /// Some unit must be there; ECMA 262, as JSON Schema asks for.
    private static let duration = #"^(?=\d)"# + durationUnits + "$"
    private static let window = #"(?=[0-9a-z]*[1-9])(?=\d)"# + durationUnits

    private static func choice(_ words: [String]) -> String {
        "(" + words.map { $0.replacing(".", with: #"\."#) }.joined(separator: "|") + ")"
    }

    private static let counters = choice(Counter.allCases.map(\.rawValue))

    /// A condition as far as a pattern can tell: known names, well-formed operands, comparisons that do not chain.
    private static func condition(_ gauges: [Gauge], functions: [String], sources: [Source], texts: [String]) -> String
    {
        let open = #"(\s|\(|-)*"#
        let close = #"(\s|\))*"#
        let literal = #"(\d+(\.\d+)?(\s*%)?|(?=\d)"# + durationUnits + ")"
        let names = gauges.map(\.rawValue).sorted { $0.count > $1.count }
        let name = choice(names) + #"(?![\w.(])"#
        let calls = functions + [#"age\s*\(\s*"# + choice(sources.map(\.rawValue)) + #"\s*\)"#]
        let operand = open + "(" + (calls + [name, literal]).joined(separator: "|") + ")" + close
        let sum = operand + #"([-+*/]"# + operand + ")*"
        var comparison = sum + "(<=|>=|==|!=|<|>)" + sum
        if !texts.isEmpty {
            let call = choice(texts) + #"\s*\(\s*("[^"]*"|'[^']*')\s*\)"#
            let text = #"\s*("# + call + #"|"[^"]*"|'[^']*')\s*"#
            comparison = "(" + comparison + #"|(\s|\()*"# + text + "(==|!=)" + text + close + ")"
        }
        let term = #"(\s|\(|not\b)*"# + comparison
        return "^" + term + #"(\b(and|or)\b"# + term + ")*$"
    }

    private static var campaignCondition: String {
        condition(
            Gauge.allCases,
            functions: [
                #"bounceRate\s*\(\s*"# + window + #"\s*\)"#,
                #"(increase|rate)\s*\(\s*"# + counters + #"\s*,\s*"# + window + #"\s*\)"#,
                #"wilson_(lower|upper)\s*\([^()]*(\([^()]*\)[^()]*)*,\s*\d+(\.\d+)?\s*%\s*\)"#,
            ], sources: Source.allCases, texts: ["campaign.label", "pool.tag"])
    }

    private static var poolCondition: String {
        condition(
            Gauge.allCases.filter { $0.source != .stats }, functions: [], sources: [.pools, .accounts],
            texts: ["pool.tag"])
    }

    // MARK: Pieces

    /// JSON, with the keys in the order of writing.
    indirect enum Piece {
        case text(String)
        case number(Int)
        case flag(Bool)
        case list([Piece])
        case object([(String, Piece)])

        var json: String {
            switch self {
            case .text(let text): JSONText.quoted(text)
            case .number(let number): "\(number)"
            case .flag(let flag): flag ? "true" : "false"
            case .list(let pieces): "[" + pieces.map(\.json).joined(separator: ", ") + "]"
            case .object(let fields):
                fields.isEmpty
                    ? "{}"
                    : "{\n"
                        + fields.map { "\(JSONText.quoted($0.0)): \($0.1.json)" }.joined(separator: ",\n")
                        .split(separator: "\n", omittingEmptySubsequences: false).map { "  " + $0 }
                        .joined(separator: "\n") + "\n}"
            }
        }
    }

    static func words(_ words: [String]) -> Piece { .list(words.map { .text($0) }) }

    static func described(_ description: String, _ fields: [(String, Piece)]) -> Piece {
        .object([("description", .text(description))] + fields)
    }

    static func ref(_ name: String, _ description: String) -> Piece {
        described(description, [("$ref", .text("#/$defs/\(name)"))])
    }

    static func oneOf<Choice: RawRepresentable & CaseIterable>(
        _ type: Choice.Type, _ description: String
    ) -> Piece where Choice.RawValue == String {
        described(description, [("enum", words(type.allCases.map(\.rawValue)))])
    }

    static func pattern(_ pattern: String) -> Piece {
        .object([("type", .text("string")), ("pattern", .text(pattern))])
    }

    static func mapping(
        _ description: String, required: [String] = [], _ properties: [(String, Piece)], more: [(String, Piece)] = []
    ) -> Piece {
        described(
            description,
            [("type", .text("object")), ("additionalProperties", .flag(false)), ("required", words(required))] + more
                + [
                    ("properties", .object(properties))
                ])
    }

    static func list(of name: String, _ description: String) -> Piece {
        described(
            description,
            [
                ("type", words(["array", "null"])), ("maxItems", .number(PolicyAssembly.campaignsMax)),
                ("items", .object([("$ref", .text("#/$defs/\(name)"))])),
            ])
    }

    /// `if` these, `then` those.
    static func rule(_ condition: [(String, Piece)], _ consequence: Piece) -> Piece {
        .object([
            (
                "if",
                .object([
                    ("required", words(condition.map(\.0))), ("properties", .object(condition)),
                ])
            ), ("then", consequence),
        ])
    }

    static func properties(_ fields: [(String, Piece)]) -> Piece { .object([("properties", .object(fields))]) }

    // MARK: The schema

    /// The schema as JSON, without a line's end at its own.
    package static var text: String {
        Piece.object(
            [
                ("$schema", .text("https://json-schema.org/draft/2020-12/schema")),
                ("$id", .text("https://sendwarden.invalid/policy.schema.json")), ("title", .text("Sendwarden policy")),
                (
                    "description",
                    .text("What a guard rail for outbound email campaigns watches, and what it does when.")
                ),
                ("type", .text("object")), ("additionalProperties", .flag(false)),
                ("required", words(["version"])),
                (
                    "oneOf",
                    .list([
                        .object([("required", words(["workspace"]))]), .object([("required", words(["workspaces"]))]),
                    ])
                ), ("properties", .object(topLevel)),
                ("$defs", .object(defs)),
            ]
        ).json
    }

    private static var topLevel: [(String, Piece)] {
        [
            ("version", described("The format's version.", [("const", .number(1))])),
            ("workspace", ref("workspace", "Whom to watch.")),
            ("workspaces", list(of: "workspace", "Whom to watch, where there are several.")),
            ("mode", oneOf(Mode.self, "observe decides and tells, and sends nothing but looks.")),
            ("poll", ref("poll", "How often the platform is asked.")),
            ("stale_after", ref("duration", "Past this age numbers are unknown; at least three polls. Default 5m.")),
            (
                "max_gap",
                ref("duration", "Samples further apart do not count towards a rule's for. Default three polls.")
            ),
            (
                "on_override",
                oneOf(OnOverride.self, "What follows when a person restarts a campaign that was paused here.")
            ),
            ("override_for", ref("duration", "How long a rule stays muted at most. Default 24h.")),
            (
                "override_grace",
                ref("duration", "For so long after a pause mail in transit may still be counted. Default 10m.")
            ),
            (
                "on_unapproved",
                oneOf(OnUnapproved.self, "What follows when someone starts a campaign that its launch rules hold.")
            ),
            ("belt", ref("belt", "A bound on how much happens at once.")),
            ("pools", list(of: "pool", "Names for pools of platforms that report no volumes.")),
            ("campaigns", list(of: "campaign", "The campaigns to watch; no other is ever touched.")),
            ("launches", list(of: "launch", "Drafts to start.")), ("rules", list(of: "rule", "What to do when.")),
        ]
    }

    private static var defs: [(String, Piece)] {
        [
            ("duration", pattern(duration)),
            (
                "interval",
                .object([
                    (
                        "oneOf",
                        .list([
                            pattern(duration),
                            mapping(
                                "As short as danger asks for, within this range.", required: ["min", "max"],
                                [("min", ref("duration", "The shortest.")), ("max", ref("duration", "The longest."))]),
                        ])
                    )
                ])
            ),
            (
                "ratio",
                .object([
                    (
                        "oneOf",
                        .list([
                            pattern(#"^(0*[1-9]\d*(\.\d+)?|0*\.\d*[1-9]\d*|0+\.\d*[1-9]\d*)\s*%$"#),
                            .object([
                                ("type", .text("number")), ("exclusiveMinimum", .number(0)), ("maximum", .number(1)),
                            ]),
                        ])
                    ), ("not", pattern(#"^(100\.0*[1-9]|10[1-9]|1[1-9]\d|[2-9]\d\d|\d{4,})[\d.]*\s*%$"#)),
                ])
            ),
            ("id", pattern(#"^(?!\.{1,2}$)[A-Za-z0-9._~-]{1,128}$"#)),
            (
                "name",
                .object([
                    ("type", words(["string", "number", "boolean"])), ("minLength", .number(1)),
                    ("maxLength", .number(FieldReader.nameLengthMax)),
                ])
            ),
            ("time", pattern(#"^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$"#)),
            (
                "labels",
                .object([
                    ("type", .text("object")), ("additionalProperties", .object([("$ref", .text("#/$defs/name"))])),
                ])
            ),
            ("condition", pattern(campaignCondition)), ("poolCondition", pattern(poolCondition)),
            ("workspace", workspace), ("poll", poll), ("belt", belt), ("pool", pool), ("sender", sender),
            ("campaign", campaign), ("launch", launch),
            ("rule", ruleSchema), ("resume", resume),
        ]
    }

    private static var workspace: Piece {
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

    private static var poll: Piece {
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

    private static var belt: Piece {
        mapping(
            "A bound on how much happens at once.",
            [
                ("starts", ref("ratio", "The share of the campaigns that may be started within per. Default 20%.")),
                ("per", ref("duration", "The period. Default 10m.")),
                ("pauses", oneOf(Belt.Pauses.self, "Whether pausing goes on when most campaigns breach at once.")),
            ])
    }

    private static var campaign: Piece {
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

    private static var launch: Piece {
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

    private static var ruleSchema: Piece {
        let isLaunch: [(String, Piece)] = [("on", .object([("const", .text("launch"))]))]
        let isPool: [(String, Piece)] = [("on", .object([("const", .text("pool"))]))]
        let isNotPause: [(String, Piece)] = [("then", .object([("not", .object([("const", .text("pause"))]))]))]
        func then(_ actions: [String]) -> (String, Piece) { ("then", .object([("enum", words(actions))])) }
        return mapping(
            "What to do when.", required: ["name", "when", "then"],
            [
                ("name", ref("name", "Named in every event.")),
                ("on", oneOf(Rule.Trigger.self, "What it judges. Default running.")),
                (
                    "campaigns",
                    described(
                        "A list of ids, or labels that a campaign must carry. Default all.",
                        [
                            (
                                "oneOf",
                                .list([
                                    .object([
                                        ("type", .text("array")), ("items", .object([("$ref", .text("#/$defs/id"))])),
                                    ]), .object([("$ref", .text("#/$defs/labels"))]),
                                ])
                            )
                        ])
                ), ("when", described("The condition, such as bounceRate(24h) > 5%.", [("type", .text("string"))])),
                (
                    "for",
                    described(
                        "How long the condition must hold, or in how many of the last polls: 3 of 5.",
                        [
                            ("type", .text("string")),
                            ("pattern", .text(#"^((?=\d)"# + durationUnits + #"|\s*[1-9]\d?\s+of\s+[1-9]\d?\s*)$"#)),
                        ])
                ), ("mode", oneOf(Rule.Mode.self, "observe only tells what it would do, off is silent.")),
                ("then", oneOf(Rule.Action.self, "What to do.")),
                ("severity", oneOf(Rule.Severity.self, "The priority of its entries. Default warning.")),
                (
                    "confidence",
                    ref("ratio", "How sure it must be that the ratio is above its limit, 95% for instance.")
                ),
                ("resume", ref("resume", "How a campaign that it paused gets going again.")),
                ("on_override", oneOf(OnOverride.self, "As for the whole policy, for this rule.")),
                (
                    "pools",
                    described(
                        "The pools that a rule on pools applies to. Default all.",
                        [("type", .text("array")), ("items", .object([("$ref", .text("#/$defs/id"))]))])
                ),
                ("sender", ref("sender", "The senders that the rule may remove or restore.")),
                (
                    "keep_at_least",
                    described(
                        "So many senders that can send are left in the pool.",
                        [("type", .text("integer")), ("minimum", .number(1)), ("maximum", .number(1_000_000))])
                ),
            ],
            more: [
                (
                    "allOf",
                    .list([
                        .object([
                            (
                                "if",
                                .object([("required", words(["on"])), ("properties", .object(isPool))])
                            ),
                            (
                                "then",
                                .object([
                                    (
                                        "properties",
                                        .object([
                                            then(["alert", "remove_sender", "restore_sender"]),
                                            ("when", .object([("$ref", .text("#/$defs/poolCondition"))])),
                                            ("campaigns", .flag(false)),
                                        ])
                                    )
                                ])
                            ),
                            (
                                "else",
                                properties([
                                    ("when", .object([("$ref", .text("#/$defs/condition"))])), ("pools", .flag(false)),
                                    ("sender", .flag(false)), ("keep_at_least", .flag(false)),
                                ])
                            ),
                        ]), rule(isLaunch, properties([then(["hold", "alert"]), ("for", .flag(false))])),
                        .object([
                            (
                                "if",
                                .object([
                                    ("properties", .object([("on", .object([("const", .text("running"))]))]))
                                ])
                            ), ("then", properties([then(["pause", "alert"])])),
                        ]), rule(isNotPause, properties([("resume", .flag(false))])),
                        rule(
                            [("then", .object([("const", .text("remove_sender"))]))],
                            .object([("required", words(["sender", "keep_at_least"]))])),
                    ])
                )
            ])
    }

    private static var resume: Piece {
        mapping(
            "How a campaign that the rule paused gets going again.", required: ["after"],
            [
                ("after", ref("duration", "How long it rests.")),
                (
                    "probation",
                    mapping(
                        "What it has to prove then.", required: ["sends", "when"],
                        [
                            (
                                "sends",
                                described(
                                    "Mails to be resolved.",
                                    [
                                        ("type", .text("integer")), ("minimum", .number(1)),
                                        ("maximum", .number(1_000_000)),
                                    ])
                            ), ("when", ref("condition", "What pauses it again meanwhile.")),
                        ])
                ),
                (
                    "at_most",
                    described(
                        "After so many resumes a person must start it: 2 per 7d.",
                        [
                            ("type", .text("string")),
                            (
                                "pattern",
                                .text(#"^\s*\d{1,4}\s+per\s+(?=[0-9a-z]*[1-9])(?=\d)"# + durationUnits + #"\s*$"#)
                            ),
                        ])
                ),
            ])
    }
}
