import Model
import Reporting

extension GuardStatus {
    /// Changes with every fact that a page shows; differs between processes.
    var version: String {
        var facts = self
        facts.at = Instant(milliseconds: 0)
        facts.polledPerMinute = 0
        for index in facts.campaigns.indices {
            // The age grows all the time; the time of the stats does not.
            facts.campaigns[index].statsAge = facts.campaigns[index].statsAge.map {
                (Double(at.milliseconds) - $0 * 1000).rounded()
            }
        }
        var hasher = Hasher()
        facts.hash(into: &hasher)
        return String(UInt64(bitPattern: Int64(hasher.finalize())), radix: 16)
    }
}
