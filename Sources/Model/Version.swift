/// The program's version, as `--version`, the journal and packages give it.
package enum Version {
    package static let current = "0.1.0"
}
