/// Masks what looks like a secret in a line that is displayed and may end up in a log.
enum Secrets {
    /// The longest path in a URL that is displayed.
    private static let pathLengthMax = 12

    /// The line with keys (`sk_…`), passwords (`://user:…@`) and long paths in URLs masked; columns do not move.
    static func masked(_ line: [Unicode.Scalar]) -> [Unicode.Scalar] {
        var masked = line
        for start in line.indices {
            if line[start...].starts(with: "sk_".unicodeScalars) {
                for index in (start + 3)..<line.count {
                    guard isKeyCharacter(line[index]) else { break }
                    masked[index] = "x"
                }
            }
            if line[start...].starts(with: "://".unicodeScalars) {
                let authority = line[(start + 3)...].prefix { !" \t/'\"}".unicodeScalars.contains($0) }
                if let at = authority.lastIndex(of: "@") {
                    for index in authority.startIndex..<at { masked[index] = "x" }
                }
                // The path of a webhook's URL is a secret; a short one is not.
                let path = line[authority.endIndex...].prefix { !" \t'\"}".unicodeScalars.contains($0) }
                if path.count > pathLengthMax { for index in path.indices.dropFirst() { masked[index] = "x" } }
            }
        }
        return masked
    }

    private static func isKeyCharacter(_ scalar: Unicode.Scalar) -> Bool {
        scalar == "_" || scalar == "-" || scalar.properties.isAlphabetic || scalar.properties.numericType != nil
    }
}
