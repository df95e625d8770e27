/// The part of the schema for `quiet`.
extension PolicySchema {
    private static let day = "(\(QuietReader.days.joined(separator: "|")))"

    static func quiet(_ description: String) -> Piece {
        described(
            description,
            [
                ("type", words(["array", "null"])), ("maxItems", .number(QuietReader.windowsMax)),
                ("items", .object([("$ref", .text("#/$defs/quietWindow"))])),
            ])
    }

    static var quietWindow: Piece {
        let days = pattern("^\(day)(-\(day))?$")
        return mapping(
            "A time of the week in which nothing is started or resumed.", required: ["tz"],
            [
                (
                    "weekdays",
                    described(
                        "The days on which it begins: a day, a range such as mon-fri, or a list. Default every day.",
                        [
                            (
                                "oneOf",
                                .list([
                                    days,
                                    .object([
                                        ("type", .text("array")), ("minItems", .number(1)),
                                        ("maxItems", .number(QuietReader.days.count)), ("items", days),
                                    ]),
                                ])
                            )
                        ])
                ), ("from", time("When it begins. Default 00:00.", #"^([01]\d|2[0-3]):[0-5]\d$"#)),
                (
                    "to",
                    time(
                        "When it ends, on the next day unless later than from. Default 24:00.",
                        #"^(([01]\d|2[0-3]):[0-5]\d|24:00)$"#)
                ), ("tz", ref("name", "The time zone, such as Europe/Berlin.")),
            ])
    }

    private static func time(_ description: String, _ pattern: String) -> Piece {
        described(description, [("type", .text("string")), ("pattern", .text(pattern))])
    }
}
