import AsyncHTTPClient
import Daemon
import Model
import Policy
import Providers
import TestSupport
import Testing

/// The capabilities that a provider declares, and those of its client.
@Suite struct PlatformFactoryTests {
    private func connect(_ provider: Provider, key: String) async throws -> Platform {
        let text = "version: 1\nworkspace: {name: a, provider: \(provider.rawValue), credential: k}\n"
        let policy = try #require(PolicyLoader.load(SourceFile(name: "p", text: text)).policy)
        let http = HTTPClient(eventLoopGroupProvider: .singleton)
        let factory = PlatformFactory(
            http: http, time: SteadyTime(startingAt: Instant(milliseconds: 0)), credentialsDirectory: nil,
            random: { 0.5 })
        let result = Result { try factory.connect(policy.workspace, APIKey(key), policy) }
        try await http.shutdown()
        return try result.get()
    }

    @Test(arguments: Provider.allCases)
    func aProvidersCapabilitiesMatchItsClient(_ provider: Provider) async throws {
        let platform = try await connect(provider, key: "AC_1:secret")
        #expect((platform.campaigns != nil) == provider.can(.campaigns))
        #expect((platform.volumes != nil) == provider.can(.volumes))
        #expect((platform.accounts != nil) == provider.can(.accounts))
        #expect((platform.rosters != nil) == provider.can(.rosters))
        #expect(!provider.traits.abilities.isEmpty && provider.traits.url.hasPrefix("https://"))
    }

    @Test(arguments: ["hidden", ":hidden", "hidden:"])
    func aKeyWithoutAColonIsRefusedIfThePlatformNeedsAPair(_ key: String) async throws {
        let error = await #expect(throws: CredentialError.self) { try await connect(.twilioComms, key: key) }
        #expect(error?.code == .refused)
        #expect(error?.message.contains("account_id:auth_token") == true)
        #expect(error?.message.contains("hidden") == false)
    }
}
