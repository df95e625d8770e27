import ArgumentParser
import Daemon
import Ledger
import Policy
import Providers

/// The exit codes of sysexits.h that the program uses; the argument parser itself uses 64, usage.
extension ExitCode {
    /// Data refused.
    static let dataError = ExitCode(65)
    /// No such file.
    static let noInput = ExitCode(66)
    /// The daemon, the platform or another required service is not available.
    static let unavailable = ExitCode(69)
    /// An internal error.
    static let software = ExitCode(70)
    /// A file or folder exists already, and is not overwritten.
    static let cannotCreate = ExitCode(73)
    static let noPermission = ExitCode(77)
    /// Policy or configuration refused.
    static let badConfiguration = ExitCode(78)

    init(_ error: PolicyFileError) {
        switch error.code {
        case .missing: self = .noInput
        case .noPermission: self = .noPermission
        case .unusable: self = .badConfiguration
        }
    }

    init(_ refusal: PolicyRefusal) {
        switch refusal {
        case .unreadable(let error): self.init(error)
        case .unsound, .emptied: self = .badConfiguration
        case .credential(let error): self.init(error)
        case .unknownPast, .busy: self = .unavailable
        }
    }

    init(_ error: LedgerError) {
        switch error.code {
        case .locked, .unwritable, .busy, .leaseLost: self = .unavailable
        case .noPermission: self = .noPermission
        case .missing: self = .noInput
        case .otherVersion, .notAFile: self = .badConfiguration
        case .corrupt: self = .dataError
        }
    }

    init(_ error: CredentialError) {
        switch error.code {
        case .noPermission: self = .noPermission
        case .missing, .refused: self = .badConfiguration
        }
    }
}
