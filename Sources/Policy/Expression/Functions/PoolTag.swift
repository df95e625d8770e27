extension Function {
    static let poolTag = Function(
        name: "pool.tag", parameters: [.text], result: .text { .poolTag($0) },
        form: "pool.tag(\"environment\")", example: "pool.tag(\"environment\")",
        summary: "a named pool's tag; `\"\"` if it has none, unknown if the pool is unknown",
        scopes: [.campaign, .pool], needs: .rosters,
        textExample: "pool.tag(\"environment\") == \"production\"")
}
