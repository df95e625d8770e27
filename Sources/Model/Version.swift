/// The program's version, in `--version`, the journal and packages.
package enum Version {
    package static let current = "0.1.0"
}
