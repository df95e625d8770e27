/// The part of the schema for rules.
extension PolicySchema {
    static var ruleSchema: Piece {
        mapping(
            "When to do what.", required: ["name"],
            ruleProperties,
            more: [
                ("oneOf", .list(ruleForms)), ("dependentRequired", .object([("within", words(["confidence"]))])),
                ("allOf", .list(ruleConstraints)),
            ])
    }

    static var ruleProperties: [(String, Piece)] {
        [
            ("name", ref("name", "Included in every event.")),
            ("on", oneOf(Rule.Trigger.self, "What the rule is evaluated for. Default running.")),
            (
                "campaigns",
                described(
                    "A list of ids, or labels that a campaign must have. Default all.",
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
            ), ("when", described("The condition, for example bounceRate(24h) > 5%.", [("type", .text("string"))])),
            (
                "for",
                described(
                    "How long the condition must hold, or in how many of the last polls, for example 3 of 5.",
                    [
                        ("type", .text("string")),
                        ("pattern", .text(#"^((?=\d)"# + durationUnits + #"|\s*[1-9]\d?\s+of\s+[1-9]\d?\s*)$"#)),
                    ])
            ), ("mode", oneOf(Rule.Mode.self, "observe is a dry run, off disables the rule. Default enforce.")),
            ("then", oneOf(Rule.Action.self, "The action.")),
            (
                "severity",
                oneOf(
                    Rule.Severity.self,
                    "The priority of the log entry when the rule fires; a pause has at least warning. Default warning."
                )
            ),
            (
                "confidence",
                ref("ratio", "How sure the rule must be that the ratio is above its limit, for example 95%.")
            ),
            (
                "within",
                described(
                    "Detect a change. At most 1 - confidence of good campaigns are paused within this many emails.",
                    [
                        ("type", .text("integer")),
                        ("minimum", .number(ConfidenceReader.withinRange.lowerBound)),
                        ("maximum", .number(ConfidenceReader.withinRange.upperBound)),
                    ])
            ),
            (
                "value",
                described("What the tiers compare, for example bounceRate(24h).", [("type", .text("string"))])
            ),
            ("warn", limit("Above this limit, the rule alerts.")),
            ("pause", limit("Above this limit, the rule pauses the campaign.")),
            ("hold", limit("Above this limit, the rule holds the launch.")),
            ("resume", ref("resume", "How a campaign that the rule paused is resumed.")),
            ("on_override", oneOf(OnOverride.self, "Overrides the policy's on_override for this rule.")),
            (
                "pools",
                described(
                    "The pools that a rule on pools applies to. Default all.",
                    [("type", .text("array")), ("items", .object([("$ref", .text("#/$defs/id"))]))])
            ),
            ("by", described("The label to group campaigns by, or pool.", [("type", .text("string"))])),
            ("pauses", oneOf(Offenders.self, "Which campaigns of the group the rule pauses. Default worst.")),
            ("sender", ref("sender", "The senders that the rule may remove or restore.")),
            (
                "keep_at_least",
                described(
                    "How many senders that can send the rule leaves in the pool.",
                    [("type", .text("integer")), ("minimum", .number(1)), ("maximum", .number(1_000_000))])
            ),
        ]
    }

    private static func limit(_ text: String) -> Piece {
        described("\(text) A comparison such as \"< 50\" also works.", [("type", words(["string", "number"]))])
    }

    /// One condition and its action, or a value and its tiers.
    private static var ruleForms: [Piece] {
        let tiers = TierReader.Tier.allCases.map(\.rawValue)
        return [
            .object([
                ("required", words(["when", "then"])),
                ("properties", .object(TierReader.keys.map { ($0, .flag(false)) })),
            ]),
            .object([
                ("required", words(["value"])),
                ("anyOf", .list(tiers.map { .object([("required", words([$0]))]) })),
                ("properties", .object([("then", .flag(false)), ("severity", .flag(false))])),
            ]),
        ]
    }

    /// Which keys and actions each kind of rule may have.
    private static var ruleConstraints: [Piece] {
        let isLaunch: [(String, Piece)] = [("on", .object([("const", .text("launch"))]))]
        let isPool: [(String, Piece)] = [("on", .object([("const", .text("pool"))]))]
        let isGroup: [(String, Piece)] = [("on", .object([("const", .text("group"))]))]
        let isNotPause: [(String, Piece)] = [("then", .object([("not", .object([("const", .text("pause"))]))]))]
        func then(_ actions: [String]) -> (String, Piece) { ("then", .object([("enum", words(actions))])) }
        return [
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
                    properties([("pools", .flag(false)), ("sender", .flag(false)), ("keep_at_least", .flag(false))])
                ),
            ]),
            .object([
                ("if", .object([("required", words(["on"])), ("properties", .object(isGroup))])),
                (
                    "then",
                    .object([
                        ("required", words(["by"])),
                        (
                            "properties",
                            .object([
                                then(["pause", "alert"]),
                                ("when", .object([("$ref", .text("#/$defs/groupCondition"))])),
                                ("resume", .flag(false)), ("on_override", .flag(false)),
                            ])
                        ),
                    ])
                ), ("else", properties([("by", .flag(false)), ("pauses", .flag(false))])),
            ]),
            .object([
                (
                    "if",
                    .object([("properties", .object([("on", .object([("enum", words(["running", "launch"]))]))]))])
                ), ("then", properties([("when", .object([("$ref", .text("#/$defs/condition"))]))])),
            ]), rule(isLaunch, properties([then(["hold", "alert"]), ("for", .flag(false)), ("pause", .flag(false))])),
            .object([
                (
                    "if",
                    .object([
                        ("properties", .object([("on", .object([("not", .object([("const", .text("launch"))]))]))]))
                    ])
                ), ("then", properties([("hold", .flag(false))])),
            ]),
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
        ]
    }

    static var resume: Piece {
        mapping(
            "How a campaign that the rule paused is resumed.", required: ["after"],
            [
                ("after", ref("duration", "The cooldown before the resume.")),
                (
                    "probation",
                    mapping(
                        "A stricter condition until a number of emails is resolved.", required: ["sends", "when"],
                        [
                            (
                                "sends",
                                described(
                                    "How many emails must be resolved.",
                                    [
                                        ("type", .text("integer")), ("minimum", .number(1)),
                                        ("maximum", .number(1_000_000)),
                                    ])
                            ), ("when", ref("condition", "The condition that pauses the campaign again.")),
                        ])
                ),
                (
                    "at_most",
                    described(
                        "The limit for automatic resumes, for example 2 per 7d; then a person must start the campaign.",
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
