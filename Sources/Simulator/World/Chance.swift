/// Randomness as a function: the same seed, stream and number always give the same value.
///
/// So whether the tenth email of a campaign bounces does not depend on pauses before it.
struct Chance: Sendable {
    /// What a number is drawn for; each purpose has its own streams.
    enum Purpose: UInt64 {
        case transit = 1, bounce, bounceLag, deliveryLag, open, reply, replyLag, classification, fault, operation
    }

    let seed: UInt64

    /// A number within 0 ..< 1.
    func value(_ purpose: Purpose, stream: Int, number: Int) -> Double {
        var state = seed ^ Chance.mixed(purpose.rawValue &* 0x9E37_79B9_7F4A_7C15)
        state = Chance.mixed(state ^ UInt64(truncatingIfNeeded: stream) &* 0xD6E8_FEB8_6659_FD93)
        state = Chance.mixed(state ^ UInt64(truncatingIfNeeded: number) &* 0xA076_1D64_78BD_642F)
        return Double(state >> 11) / 9_007_199_254_740_992
    }

    /// The finalizer of SplitMix64 (Steele, Lea and Flood, 2014).
    private static func mixed(_ value: UInt64) -> UInt64 {
        var mixed = value &+ 0x9E37_79B9_7F4A_7C15
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
