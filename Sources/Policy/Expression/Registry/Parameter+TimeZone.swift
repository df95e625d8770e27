extension Parameter {
    static let timeZone = Parameter("time zone") { _ in
        PatternText.quoted
    } read: { checker, tree, function in
        guard case .text(let name, let span) = tree else {
            return checker.refuse(
                "\(function.name) takes one time zone", help: "for example \(function.example)", at: tree.span)
        }
        guard TimeZoneTable(name) != nil else {
            let nearest = TimeZoneTable.nearest(to: name).map { "did you mean \"\($0)\"?" }
            return checker.refuse(
                "unknown time zone '\(name)'", help: nearest ?? "for example \(function.example)", at: span)
        }
        return .text(name)
    }
}
