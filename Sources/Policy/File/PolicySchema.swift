import Model

/// The policy's JSON Schema, for editors and other validators.
///
/// It describes every key, every choice and the type of every value. Only ``PolicyLoader`` finds errors that depend on
/// several values, such as an unknown campaign id, or on meaning, such as a condition that can never be true.
package enum PolicySchema {
    /// Where the package installs the schema for editors.
    package static let installedPath = "/usr/share/sendwarden/policy.schema.json"
    /// Where the package installs the schema of included files.
    package static let installedPathForIncluded = "/usr/share/sendwarden/policy.included.schema.json"

    // MARK: Patterns

    static let durationUnits = PatternText.durationUnits
    /// At least one unit; in ECMA 262 syntax, which JSON Schema requires.
    private static let duration = #"^(?=\d)"# + durationUnits + "$"

    /// As much of a condition as a pattern can check: known names, well-formed operands, no chained comparisons.
    private static func condition(in scope: UnitChecker.Scope) -> String {
        let open = #"(\s|\(|-)*"#
        let close = #"(\s|\))*"#
        let literal = #"(\d+(\.\d+)?(\s*%)?|(?=\d)"# + durationUnits + ")"
        let gauges = Registry.names.map(\.gauge).filter { scope.allows($0) }
        let name = PatternText.choice(gauges.map(\.rawValue).sorted { $0.count > $1.count }) + #"(?![\w.(])"#
        func calls(_ isText: Bool) -> [String] {
            Registry.functions.filter { $0.isText == isText }.compactMap { $0.pattern(in: scope) }
        }
        let operand = open + "(" + (calls(false) + [name, literal]).joined(separator: "|") + ")" + close
        let sum = operand + #"([-+*/]"# + operand + ")*"
        let number = sum + "(<=|>=|==|!=|<|>)" + sum
        let text = #"\s*("# + (calls(true) + [PatternText.quoted]).joined(separator: "|") + #")\s*"#
        let comparison = "(" + number + #"|(\s|\()*"# + text + "(==|!=)" + text + close + ")"
        let term = #"(\s|\(|not\b)*"# + comparison
        return "^" + term + #"(\b(and|or)\b"# + term + ")*$"
    }

    // MARK: Pieces

    /// JSON with ordered keys.
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

    /// Matches a character that names cannot contain, as far as patterns of 16 bits can express it.
    private static let controlling: String = {
        var ranges: [ClosedRange<UInt32>] = []
        for scalar in (UInt32(0)...0xFFFF).compactMap(Unicode.Scalar.init) where scalar.isControlling {
            if let last = ranges.last, last.upperBound + 1 == scalar.value {
                ranges[ranges.count - 1] = last.lowerBound...scalar.value
            } else {
                ranges.append(scalar.value...scalar.value)
            }
        }
        func escaped(_ value: UInt32) -> String {
            let digits = String(value, radix: 16)
            return "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
        }
        return "[\(ranges.map { "\(escaped($0.lowerBound))-\(escaped($0.upperBound))" }.joined())]"
    }()

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

    /// `if` the condition matches, `then` the consequence applies.
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

    /// The schema as JSON, without a trailing newline.
    package static var text: String {
        let anyOf = ["workspace", "workspaces", "include"].map { Piece.object([("required", words([$0]))]) }
        return document(
            "policy", "Sendwarden policy", "Which email campaigns Sendwarden guards, and by which rules.",
            [("required", words(["version"])), ("anyOf", .list(anyOf))], topLevel)
    }

    /// The schema of files that a policy includes.
    package static var textForIncluded: String {
        document(
            "policy.included", "Part of a Sendwarden policy", "Sections of a policy that includes this file.", [],
            topLevel.filter { $0.0 != "include" })
    }

    private static func document(
        _ name: String, _ title: String, _ description: String, _ more: [(String, Piece)], _ keys: [(String, Piece)]
    ) -> String {
        Piece.object(
            [
                ("$schema", .text("https://json-schema.org/draft/2020-12/schema")),
                ("$id", .text("https://sendwarden.invalid/\(name).schema.json")), ("title", .text(title)),
                ("description", .text(description)), ("type", .text("object")), ("additionalProperties", .flag(false)),
            ] + more + [
                ("not", .object([("required", words(["workspace", "workspaces"]))])),
                ("if", .object([("required", words([LimitReader.deprecatedKey]))])),
                ("then", properties([("start_limit", .flag(false)), ("circuit_breaker", .flag(false))])),
                ("properties", .object(keys)), ("$defs", .object(defs)),
            ]
        ).json
    }

    private static var topLevel: [(String, Piece)] {
        [
            ("version", described("The format's version.", [("const", .number(1))])),
            ("include", include),
            ("workspace", ref("workspace", "The API key and the platform to use.")),
            ("workspaces", list(of: "workspace", "Several workspaces, instead of workspace.")),
            (
                "mode",
                oneOf(
                    Mode.self,
                    "observe is a dry run: decisions are reported, and only read requests are sent. Default observe.")
            ),
            ("poll", ref("poll", "How often the platform is polled.")),
            ("stale_after", ref("duration", "Samples older than this are unknown; at least three polls. Default 5m.")),
            (
                "max_gap",
                ref(
                    "duration",
                    "Time between samples further apart does not count towards a rule's for. Default three polls.")
            ),
            (
                "on_override",
                oneOf(
                    OnOverride.self,
                    "What happens when a person restarts a campaign that Sendwarden paused. Default respect.")
            ),
            ("override_for", ref("duration", "The longest time that a rule stays muted. Default 24h.")),
            (
                "override_grace",
                ref("duration", "How long after a pause emails in transit may still be counted. Default 10m.")
            ),
            (
                "on_unapproved",
                oneOf(
                    OnUnapproved.self,
                    "What happens when someone starts a campaign that its launch rules hold. Default alert.")
            ),
            ("start_limit", ref("startLimit", "How many campaigns may be started or resumed within a period.")),
            (
                "circuit_breaker",
                ref("circuitBreaker", "What happens when more than half of the running campaigns breach at once.")
            ),
            (
                "belt",
                described(
                    "Deprecated: use start_limit and circuit_breaker.",
                    [("$ref", .text("#/$defs/belt")), ("deprecated", .flag(true))])
            ),
            ("quiet", quiet("When nothing is started or resumed, except by people. Default never.")),
            ("pools", list(of: "pool", "Names for pools of platforms that report no volumes.")),
            ("defaults", ref("defaults", "Values for campaigns whose own entries do not set them.")),
            ("campaigns", list(of: "campaign", "The campaigns to guard; no others are ever changed.")),
            (
                "campaigns_file",
                described(
                    "A file of further campaigns, or a list of such files; relative to the folder of this file.",
                    [
                        ("type", words(["string", "array"])), ("minLength", .number(1)), ("maxItems", .number(20)),
                        ("items", .object([("type", .text("string")), ("minLength", .number(1))])),
                    ])
            ),
            ("launches", list(of: "launch", "Drafts to start.")), ("rules", list(of: "rule", "When to do what.")),
            ("overrides", list(of: "override", "Changes to rules for some campaigns.")),
            ("notify", list(of: "receiver", "Receivers of notifications.")),
            ("heartbeat", ref("heartbeat", "A URL that is requested regularly while the guard is healthy.")),
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
                                "A range: the closer a campaign is to a pause, the more often it is polled.",
                                required: ["min", "max"],
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
                    ("maxLength", .number(FieldReader.nameLengthMax)), ("not", pattern(controlling)),
                ])
            ),
            ("time", pattern(#"^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$"#)),
            (
                "labels",
                .object([
                    ("type", .text("object")), ("additionalProperties", .object([("$ref", .text("#/$defs/name"))])),
                ])
            ),
            ("condition", pattern(condition(in: .campaign))), ("poolCondition", pattern(condition(in: .pool))),
            ("groupCondition", pattern(condition(in: .group))),
            ("workspace", workspace), ("poll", poll), ("startLimit", startLimit),
            ("circuitBreaker", circuitBreaker), ("belt", belt), ("pool", pool), ("sender", sender),
            ("defaults", defaults), ("campaign", campaign), ("launch", launch),
            ("rule", ruleSchema), ("override", override), ("resume", resume), ("receiver", receiver),
            ("webhook", webhook), ("alertmanager", alertmanager), ("email", email), ("heartbeat", heartbeat),
            ("quietWindow", quietWindow),
        ]
    }
}
