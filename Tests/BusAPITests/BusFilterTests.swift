import BusAPI
import Testing

/// The examples of MQTT 5.0 §4.7.1 and §4.7.2.
@Suite("Topic filters")
struct BusFilterTests {
    @Test(
        "A filter passes the topics that the specification names",
        arguments: [
            ("sport/tennis/player1/#", "sport/tennis/player1"),
            ("sport/tennis/player1/#", "sport/tennis/player1/ranking"),
            ("sport/tennis/player1/#", "sport/tennis/player1/score/wimbledon"),
            ("sport/#", "sport"), ("#", "sport/tennis"), ("#", "/"), ("sport/tennis/+", "sport/tennis/player1"),
            ("sport/+", "sport/"), ("+/+", "/finance"), ("/+", "/finance"), ("+", "finance"),
            ("+/tennis/#", "sport/tennis"), ("$SYS/#", "$SYS/"), ("$SYS/monitor/+", "$SYS/monitor/Clients"),
            ("a//b", "a//b"), ("a/+/b", "a//b"), ("+", ""),
        ])
    func passes(pattern: String, topic: String) {
        #expect(BusFilter(pattern).matches(topic))
    }

    @Test(
        "A filter stops the topics that the specification names",
        arguments: [
            ("sport/tennis/+", "sport/tennis/player1/ranking"), ("sport/+", "sport"), ("+", "/finance"),
            ("#", "$SYS/monitor"), ("+/monitor/Clients", "$SYS/monitor/Clients"), ("sport", "Sport"),
            ("sport/tennis", "sport/tennis/"), ("sport/tennis/", "sport/tennis"), ("ACCOUNTS", "Accounts"),
            ("sport/#", "sports"), ("a/b", "a"), ("a", "a/b"), ("é", "e\u{301}"),
        ])
    func stops(pattern: String, topic: String) {
        #expect(!BusFilter(pattern).matches(topic))
    }

    @Test(
        "Well formed filters are valid",
        arguments: ["#", "+", "sport/tennis/#", "+/tennis/#", "sport/+/player1", "/", "/+", "$SYS/#", "a b/ü"])
    func valid(pattern: String) {
        #expect(BusFilter(pattern).isValid)
    }

    @Test(
        "Malformed filters are invalid",
        arguments: [
            "", "sport/tennis#", "sport/tennis/#/ranking", "sport+", "+\u{301}", "a/b#/c", "##", "++", "a\u{0}",
        ])
    func invalid(pattern: String) {
        #expect(!BusFilter(pattern).isValid)
    }

    @Test("A topic of 65535 bytes is the longest")
    func longest() {
        let longest = String(repeating: "x", count: 65_535)
        #expect(BusFilter(longest).isValid && BusFilter.isValidTopic(longest))
        #expect(!BusFilter(longest + "x").isValid && !BusFilter.isValidTopic(longest + "x"))
    }
}
