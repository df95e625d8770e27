import ArgumentParser
import FoundationEssentials
import Glibc

/// A new file that takes its name only once it is complete and on the disk.
struct StagedFile {
    struct Failure: Error {
        var code: ExitCode
        var message: String

        init(_ path: String, _ number: Int32) {
            message = "cannot write \(path): \(String(cString: strerror(number)))"
            switch number {
            case ENOSPC, EDQUOT, EIO: code = .unavailable
            case EEXIST: code = .cannotCreate
            default: code = .noPermission
            }
        }
    }

    private let path: String
    private let staged: String

    init(_ path: String, _ bytes: [UInt8], mode: mode_t) throws(Failure) {
        self.path = path
        staged = "\(path).\(getpid()).new"
        let descriptor = open(staged, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw Failure(path, errno) }
        var rest = bytes[...]
        var number: Int32 = 0
        while !rest.isEmpty, number == 0 {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0 { number = errno == EINTR ? 0 : errno } else { rest = rest.dropFirst(count) }
        }
        if number == 0, fchmod(descriptor, mode) != 0 || fsync(descriptor) != 0 { number = errno }
        if close(descriptor) != 0, number == 0 { number = errno }
        guard number != 0 else { return }
        unlink(staged)
        throw Failure(path, number)
    }

    /// Gives the file its name; true if no file had it.
    func publish(replacing: Bool) throws(Failure) -> Bool {
        // Unlike a rename, a link never replaces a file that appeared in the meantime.
        if link(staged, path) == 0 { return true }
        guard errno == EEXIST, replacing else { throw Failure(path, errno) }
        guard rename(staged, path) == 0 else { throw Failure(path, errno) }
        return false
    }

    /// Removes the unpublished file.
    func discard() { unlink(staged) }

    static func createFolder(of path: String, mode: Int) throws(Failure) {
        let folder = InitLayout.folder(of: path)
        if access(folder, F_OK) == 0 { return }
        do {
            try FileManager.default.createDirectory(
                atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: mode])
        } catch {
            throw Failure(folder, errno)
        }
    }
}
