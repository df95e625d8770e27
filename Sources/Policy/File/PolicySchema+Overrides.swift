import Model

/// The parts of the schema for what a policy overrides and includes.
extension PolicySchema {
    static var override: Piece {
        // Only rules on campaigns can be overridden, so their conditions can be checked further.
        let changes = ruleProperties.filter { OverrideReader.changeable.contains($0.0) }.map { name, piece in
            name == "when" ? (name, ref("condition", "The condition on these campaigns.")) : (name, piece)
        }
        return mapping(
            "A change to a rule for some campaigns; only the last override that matches a campaign applies.",
            required: ["rule", "where"],
            [
                ("rule", ref("name", "The rule.")),
                (
                    "where",
                    described(
                        "Labels that the campaigns have, for example {team: sales}, or their ids under campaign.",
                        [
                            ("type", .text("object")), ("minProperties", .number(1)),
                            ("additionalProperties", .object([("$ref", .text("#/$defs/name"))])),
                            ("properties", .object([("campaign", ids)])),
                        ])
                ),
            ] + changes, more: [("minProperties", .number(3))])
    }

    private static var ids: Piece {
        described(
            "An id, or a list of ids.",
            [
                (
                    "oneOf",
                    .list([
                        .object([("$ref", .text("#/$defs/id"))]),
                        .object([
                            ("type", .text("array")), ("minItems", .number(1)),
                            ("items", .object([("$ref", .text("#/$defs/id"))])),
                        ]),
                    ])
                )
            ])
    }

    static var include: Piece {
        described(
            "Further files of the policy: a path, a pattern such as policy.d/*.yaml, or a list of these.",
            [
                ("type", words(["string", "array"])), ("minLength", .number(1)),
                ("maxItems", .number(IncludeReader.entriesMax)),
                ("items", .object([("type", .text("string")), ("minLength", .number(1))])),
            ])
    }
}
