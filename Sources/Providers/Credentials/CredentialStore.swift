/// The folders from which systemd loads the credentials of the service and of its instances.
package enum CredentialStore {
    package static let folder = "/etc/credstore"
    package static let encryptedFolder = "/etc/credstore.encrypted"
    private static let policyFolder = "/etc/sendwarden/"
    /// The credentials that the units load by themselves; an instance has files of its own for them.
    private static let ofUnit: Set<String> = ["leadterra.key", "twilio.key"]

    /// The instance of `sendwarden@.service` that uses a policy: `acme` for `/etc/sendwarden/acme.yaml`; nil for the
    /// service itself and for any other file.
    package static func instance(ofPolicy path: String) -> String? {
        guard path.hasPrefix(policyFolder), path.hasSuffix(".yaml") else { return nil }
        let name = String(path.dropFirst(policyFolder.count).dropLast(".yaml".count))
        return name.isEmpty || name == "policy" || name.contains("/") ? nil : name
    }

    /// The name of the file with a credential: `leadterra.acme.key` for `leadterra.key` of the instance `acme`.
    package static func file(_ credential: String, instance: String?) -> String {
        guard let instance, ofUnit.contains(credential) else { return credential }
        return "\(credential.dropLast(".key".count)).\(instance).key"
    }
}
