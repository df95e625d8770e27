import Foundation
import Guard
import Model
import Policy
import Simulator
import Testing
@Suite struct Zdebug {
    @Test func story() throws {
        guard let seed = ProcessInfo.processInfo.environment["ZSEED"].flatMap({ UInt64($0) }) else { return }
        let only = ProcessInfo.processInfo.environment["ZCAMP"] ?? ""
        let world = try RandomWorld(seed: seed, days: 3)
        print(world.weather);
        print(world.policy.rules[0].forClause, world.policy.poll, world.policy.mode, world.policy.onOverride);
        print(world.description.acts)
        let run = try world.run()
        for entry in run.log {
            switch entry {
            case .observed(let at, let o, let r):
                if case .stats(let id) = o.target, id.text == only { print(at, "OBS", o.requestedAt, o.result, r) }
                if case .pools = o.target, case .success(.pools(let p)) = o.result {
                    print(at, "POOL", p.first?.remainingVolume ?? -1)
                }
            case .sent(let at, let i, let s):
                if i.campaign.text == only { print(at, "SENT", i.action, i.attempt, s as Any) }
            case .failed(let at, let i, let m): if i.campaign.text == only { print(at, "FAILED", i.action, m) }
            case .reported(let at, let e):
                if e.fields[.campaign] == only || e.fields[.campaign] == nil {
                    print(at, "REP", e.kind.rawValue, e.message)
                }
            case .crashed(let at): print(at, "CRASH")
            case .arrived: break
            }
        }
        print(Promises(world: world, run: run).violations)
    }
}
