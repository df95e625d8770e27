/// Parts of patterns for the JSON Schema, in ECMA 262 syntax.
enum PatternText {
    static let durationUnits = #"(\d+d)?(\d+h)?(\d+m)?(\d+s)?(\d+ms)?"#
    /// A duration above zero.
    static let window = #"(?=[0-9a-z]*[1-9])(?=\d)"# + durationUnits
    static let quoted = #"("[^"]*"|'[^']*')"#
    /// A formula as an argument, with parentheses nested at most three deep.
    static let formula = nested(3)

    private static func nested(_ depth: Int) -> String {
        depth == 0 ? "[^()]*" : #"[^(),]*(\("# + inner(depth - 1) + #"\)[^(),]*)*"#
    }

    private static func inner(_ depth: Int) -> String {
        depth == 0 ? "[^()]*" : #"[^()]*(\("# + inner(depth - 1) + #"\)[^()]*)*"#
    }

    static func choice(_ words: [String]) -> String {
        "(" + words.map { $0.replacing(".", with: #"\."#) }.joined(separator: "|") + ")"
    }
}

extension Function {
    /// The pattern of a call for the JSON Schema; nil if rules of this scope cannot use it.
    func pattern(in scope: UnitChecker.Scope) -> String? {
        guard scopes.contains(scope) else { return nil }
        var arguments: [String] = []
        for parameter in parameters {
            guard let pattern = parameter.pattern(scope) else { return nil }
            arguments.append(#"\s*"# + pattern + #"\s*"#)
        }
        return PatternText.choice([name]) + #"\s*\("# + arguments.joined(separator: ",") + #"\)"#
    }
}
