import Foundation
import Providers
import TestSupport
import Testing

/// Sources of keys, and that keys are never shown.
@Suite struct CredentialTests {
    static let secret = "sk_live_51HGe2eZvKYlo2Cabcdef"

    private func error(_ read: () throws(CredentialError) -> APIKey) -> CredentialError? {
        do throws(CredentialError) {
            _ = try read()
            return nil
        } catch {
            return error
        }
    }

    @Test(arguments: [
        ("/etc/sendwarden/policy.yaml", "leadterra.key", "leadterra.key"),
        ("/etc/sendwarden/acme.yaml", "leadterra.key", "leadterra.acme.key"),
        ("/etc/sendwarden/acme.yaml", "twilio.key", "twilio.acme.key"),
        // A drop-in loads it from the file of that name.
        ("/etc/sendwarden/acme.yaml", "second.key", "second.key"),
        ("/etc/sendwarden/customers.d/acme.yaml", "leadterra.key", "leadterra.key"),
        ("/home/anna/acme.yaml", "leadterra.key", "leadterra.key"),
    ])
    func anInstanceHasKeysOfItsOwn(_ policy: String, _ credential: String, _ file: String) {
        #expect(CredentialStore.file(credential, instance: CredentialStore.instance(ofPolicy: policy)) == file)
    }

    @Test func aPrivateFileIsRead() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write("key", Self.secret + "\n")
        #expect(error { () throws(CredentialError) in try CredentialReader.file(path) } == nil)
    }

    @Test(arguments: [0o644, 0o640, 0o604, 0o660, 0o666, 0o620])
    func aFileAccessibleToOthersIsRefused(_ mode: Int) throws {
        let folder = try TemporaryFolder()
        let path = try folder.write("key", Self.secret, mode: mode)
        let error = error { () throws(CredentialError) in try CredentialReader.file(path) }
        #expect(error?.code == .refused)
        #expect(error?.message.contains("chmod 600 \(path)") == true)
        #expect(error?.message.contains(Self.secret) == false)
    }

    @Test func systemdCredentialsAreReadFromTheirDirectory() throws {
        let folder = try TemporaryFolder()
        // systemd sets mode 0400 or 0440; the directory protects them.
        _ = try folder.write("leadterra.key", Self.secret, mode: 0o440)
        #expect(
            error { () throws(CredentialError) in try CredentialReader.systemd("leadterra.key", directory: folder.path)
            } == nil)
    }

    @Test func withoutSystemdTheMessageExplainsTheFix() {
        let error = error { () throws(CredentialError) in try CredentialReader.systemd("leadterra.key", directory: nil)
        }
        #expect(error?.code == .missing)
        #expect(error?.message.contains("LoadCredential=leadterra.key:") == true)
        #expect(error?.message.contains("credential_file:") == true)
    }

    @Test func aMissingSystemdCredentialIsReportedWithItsFile() throws {
        let folder = try TemporaryFolder()
        let error = error { () throws(CredentialError) in
            try CredentialReader.systemd("leadterra.key", directory: folder.path)
        }
        #expect(error?.code == .missing)
        #expect(error?.message.contains("/etc/credstore/leadterra.key, mode 0600") == true)
    }

    @Test(arguments: [
        "", "\n \n", "two words", "line\nline", "tab\there", "caf\u{e9}", String(repeating: "k", count: 5000),
    ])
    func anInvalidKeyIsRefusedWithoutShowingIt(_ content: String) throws {
        let folder = try TemporaryFolder()
        let path = try folder.write("key", content)
        let error = error { () throws(CredentialError) in try CredentialReader.file(path) }
        #expect(error?.code == .refused)
        if content.count > 6 { #expect(error?.message.contains(content) == false) }
    }

    @Test func directoriesAndDevicesAreRefused() throws {
        let folder = try TemporaryFolder()
        #expect(error { () throws(CredentialError) in try CredentialReader.file(folder.path) }?.code == .refused)
        #expect(error { () throws(CredentialError) in try CredentialReader.file("/dev/zero") }?.code == .refused)
        #expect(
            error { () throws(CredentialError) in try CredentialReader.file(folder.path + "/none") }?.code == .missing)
    }

    @Test func aKeyNeverPrintsItsSecret() {
        let key = APIKey(Self.secret)
        var dumped = ""
        dump(["key": key], to: &dumped)
        let shown = [
            "\(key)", String(describing: key), String(reflecting: key), dumped, "\(Optional(key) as Any)", "\([key])",
        ]
        #expect(shown.allSatisfy { !$0.contains("51HGe2") && !$0.contains("sk_live") })
    }
}
