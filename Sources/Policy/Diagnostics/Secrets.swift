/// Masks what looks like a secret in a line that is displayed and may end up in a log.
enum Secrets {
    /// The line with keys (`sk_…`) and passwords in URLs (`://user:…@`) masked; columns do not move.
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
                guard let at = authority.lastIndex(of: "@") else { continue }
                for index in authority.startIndex..<at { masked[index] = "x" }
            }
        }
        return masked
    }

    private static func isKeyCharacter(_ scalar: Unicode.Scalar) -> Bool {
        scalar == "_" || scalar == "-" || scalar.properties.isAlphabetic || scalar.properties.numericType != nil
    }
}
