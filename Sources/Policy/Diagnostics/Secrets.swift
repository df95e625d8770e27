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
        for (range, key) in values(of: line) { mask(range, of: key, &masked) }
        return masked
    }

    /// The keys whose values may be secrets that were written in the wrong form or in the wrong place.
    private static let keys = ["url", "url_file", "url_credential", "credential", "credential_file"]

    /// The values of these keys in the line, without quotes.
    private static func values(of line: [Unicode.Scalar]) -> [(range: Range<Int>, key: String)] {
        keys.flatMap { key in
            let word = Array("\(key):".unicodeScalars)
            return line.indices.compactMap { start -> (range: Range<Int>, key: String)? in
                guard line[start...].starts(with: word), start == 0 || !isKeyCharacter(line[start - 1]) else {
                    return nil
                }
                let rest = line[(start + word.count)...].drop { " \t".unicodeScalars.contains($0) }
                if let quote = rest.first, quote == "\"" || quote == "'" {
                    let value = rest.dropFirst().prefix { $0 != quote }
                    return (value.startIndex..<value.endIndex, key)
                }
                let value = rest.prefix { !",}#".unicodeScalars.contains($0) }
                return (value.startIndex..<value.endIndex, key)
            }
        }
    }

    /// Masks the path of a URL, or what is neither a path nor the name of a file.
    private static func mask(_ range: Range<Int>, of key: String, _ line: inout [Unicode.Scalar]) {
        let value = line[range]
        if key == "url" {
            // The first slash after the host, also if the scheme is missing or misspelled.
            let host = value.firstIndex { $0 == "." || $0 == " " } ?? range.lowerBound
            guard let slash = value[host...].firstIndex(of: "/") else { return }
            for index in (slash + 1)..<range.upperBound where line[index] != " " { line[index] = "x" }
        } else {
            let isName = value.contains { $0 == "." || $0 == "/" } && !value.contains(" ")
            if !isName { for index in range where line[index] != " " { line[index] = "x" } }
        }
    }

    private static func isKeyCharacter(_ scalar: Unicode.Scalar) -> Bool {
        scalar == "_" || scalar == "-" || scalar.properties.isAlphabetic || scalar.properties.numericType != nil
    }
}
