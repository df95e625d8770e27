extension Function {
    static let campaignLabel = Function(
        name: "campaign.label", parameters: [.text], result: .text { .label($0) },
        form: "campaign.label(\"team\")", example: "campaign.label(\"team\")",
        summary: "the campaign's label; `\"\"` if it has none; compare it with `==` or `!=`", scopes: [.campaign],
        textExample: "campaign.label(\"team\") == \"sales\"")
}
