import Foundation
import Testing

/// Records of the version before the state machines, verbatim from its encoder.
enum LegacyLedger {
    static let decision = """
        {"at":1796000000050,"campaign":"camp_1","cause":{"rule":{"_0":"bounces"}},
         "conditionText":"bounceRate > 5% and resolved >= 50","evidence":{"findings":[{"comparison":{"comparison":">",
         "left":{"gauge":{"_0":"bounceRate"}},"leftText":"bounceRate","right":{"constant":{"_0":0.05}},
         "rightText":"5%","unit":{"ratio":{}}},"left":0.1,"right":0.05,"truth":{"yes":{}}}],"truth":{"yes":{}}},"id":1}
        """
    static let standstill = """
        {"earlierFlat":[0,0],"first":{"at":1796000000050,"sent":100},"flatSamples":0,"flatSince":1796003570100,
         "gapMax":[9,13979303336614035456],"latest":{"at":1796003570100,"sent":100},"sentWhenSettled":100,
         "settlesAt":1796000600050,"since":1796000000050,"stoppedAfter":1796000000050}
        """
    static let pause = """
        {"decision":\(decision),"isOurs":true,"pausedAt":1796000000050,"resumeAt":1796003600050,
         "standstill":\(standstill)}
        """
    static let stats = """
        {"bounced":10,"delivered":90,"openRate":0,"queued":900,"replied":0,"replyRate":0,"sent":100,
         "totalEnrolled":1000}
        """
    static let person = #"{"act":"release","by":"anna","campaign":"camp_1","isForced":true,"reason":"urgent"}"#
    static let start = """
        {"action":"start","attempt":1,"campaign":"camp_1","decision":{"at":1796000000200,"campaign":"camp_1",
         "cause":{"launchRulesPass":{}},"conditionText":"(totalEnrolled > pool.available)","id":1},
         "firstSentAt":1796000000200,"sentAt":1796000000200}
        """

    /// A campaign in the given phase, with one firing rule.
    static func campaign(_ phase: String, more: String = "") -> String {
        """
        {"freshAfter":1796000000050,"id":"camp_1","isMissing":false,"isStale":false,
         "latest":{"at":1796000000050,"requestedAt":1796000000010,"stats":\(stats)},"phase":\(phase),
         "recovery":{"baseline":{"at":1795999000000,"isOnProbation":true,"rule":"bounces","stats":\(stats)},
         "relapses":2,"resumes":[1795999000000]},
         "rules":[{"fingerprint":"running pause enforce duration(0.0 seconds) bounceRate > 5% and resolved >= 50",
         "name":"bounces","state":{"mutedUntil":1796000600000,"phase":{"firing":{"since":1796000000050}},"recent":0,
         "wasTold":true}}],"stillSince":1795990000000,"toldStill":true\(more)}
        """
    }

    static func draft(_ phase: String) -> String {
        """
        {"freshAfter":1796000000000,"id":"camp_1","isMissing":false,"isStale":false,
         "latest":{"at":1796000000150,"requestedAt":1796000000110,"stats":{"bounced":0,"delivered":0,"queued":0,
         "replied":0,"sent":0,"totalEnrolled":100}},"phase":\(phase),"recovery":{"relapses":0,"resumes":[]},
         "rules":[],"toldStill":false}
        """
    }

    static func launch(_ phase: String, more: String = "") -> String {
        #"{"entry":{"campaign":"camp_1","priority":0},"phase":\#(phase),"toldRules":[]\#(more)}"#
    }

    static let reasons = """
        [{"rule":{"_0":"fits"}},{"unknownRule":{"_0":"age"}},{"noNumbers":{}},{"noLeads":{}},{"noFreshLook":{}},
         {"startFailed":{}},{"belt":{}},{"ledger":{}},{"paused":{}},{"person":{"_0":"anna"}}]
        """
    static let heldLaunch = """
        {"entry":{"campaign":"camp_1","priority":0},"forcedBy":\(person),"forcedUntil":1796003600000,
         "heldBy":\(person),"heldSince":1796000000000,"phase":{"held":{"_0":\(reasons)}},"toldCannotFit":5000,
         "toldReasons":\(reasons),"toldRules":["watch"],"wasOnlyTold":true}
        """
    static let workspace = """
        {"belt":{"starts":["camp_2",1796000000000],"toldPauses":true,"toldStarts":true},"lastDecision":12,
         "reservations":{"reservations":["camp_2",{"outstanding":90,"pool":"pool_a","promised":100}]},
         "skew":["bench",{"offsets":[-7000]}]}
        """
    static let sender = """
        {"address":"s4@mail.example","channel":"EMAIL","createdAt":1796000000000,"id":"comms_sender_4",
         "status":"DEACTIVATED","tags":{}}
        """
    static let pool = """
        {"id":"main","rules":[{"fingerprint":"pool remove_sender enforce duration(0.0 seconds) pool.senders > 3",
         "name":"out","state":{"phase":{"pending":{"accrued":[0,0],"lastBreach":1796000000000,
         "since":1796000000000}},"breachesInARow":1,"recent":0,"wasTold":false}}],
         "senders":{"attempt":{"change":{"action":"remove","conditionText":"pool.senders > 3","decision":7,
         "evidence":{"findings":[],"truth":{"yes":{}}},"platformPool":"comms_senderpool_x","pool":"main","rule":"out",
         "sender":\(sender),"sentAt":1796000000000},"step":{"processing":{"_0":"comms_operation_1",
         "next":1796000300000,"since":1796000000000,"wait":[16,4852094820647174144]}},"toldSlow":true},
         "excluded":["comms_sender_1",1796086400000],"failures":2,"freshAfter":1796000000000,
         "removed":[{"at":1796000000000,"decision":6,"platformPool":"comms_senderpool_x","rule":"out",
         "sender":\(sender)}],"retryAt":1796000060000}}
        """

    static func decode<Value: Decodable>(_ json: String, as type: Value.Type = Value.self) throws -> Value {
        try JSONDecoder().decode(type, from: Data(json.utf8))
    }
}
