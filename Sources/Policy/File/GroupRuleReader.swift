import Model
import Yams

/// Reads the keys that only rules on groups have: `by` and `pauses`.
struct GroupRuleReader {
    let reader: FieldReader

    init(_ reader: FieldReader) {
        self.reader = reader
    }

    func parts(
        _ fields: Fields, _ trigger: Rule.Trigger?, pauses: Bool
    ) -> (grouping: Grouping?, offenders: Offenders?) {
        guard trigger == .group else {
            for key in ["by", "pauses"] where fields[key] != nil {
                reader.error("only a rule on groups can have '\(key)'", help: "add on: group", at: fields.key(key))
            }
            return (nil, nil)
        }
        for key in ["resume", "on_override"] where fields[key] != nil {
            reader.error(
                "a rule on groups cannot have '\(key)'",
                help: "only a person resumes a campaign that the rule paused", at: fields.key(key))
        }
        let node = reader.required(
            "by", fields, ifMissing: "the rule has no 'by'",
            help: "write by: team to group campaigns by that label, or by: pool")
        let grouping = node.flatMap { reader.name($0, "by") }.map { $0 == "pool" ? Grouping.pool : .label($0) }
        let offenders: Offenders? = fields["pauses"].flatMap { node in
            guard pauses else {
                reader.error("only a rule that pauses can have 'pauses'", help: "remove it", at: fields.key("pauses"))
                return nil
            }
            return reader.choice(node, "pauses")
        }
        return (grouping, pauses ? offenders ?? .worst : nil)
    }
}
