import Testing

@testable import ServiceHTTP

@Suite("Who may act over HTTP") struct HTTPAccessTests {
    private let access = HTTPAccess(token: "0123456789abcdef")

    private func status(_ claims: HTTPAccess.Claims) -> Int? { access.refusal(of: claims)?.status }

    @Test("The token opens; a part of it, a longer one, another scheme or none does not")
    func token() {
        #expect(status(.init(authorization: "Bearer 0123456789abcdef")) == nil)
        for wrong in [
            nil, "", "0123456789abcdef", "Basic 0123456789abcdef", "Bearer ", "Bearer 0123456789abcde",
            "Bearer 0123456789abcdef0", "Bearer 0123456789abcdeg",
        ] {
            #expect(status(.init(authorization: wrong)) == 401, "\(wrong ?? "none")")
        }
    }

    @Test("Without a token nobody may act, whatever they bring, and is told what to set")
    func none() {
        let refusal = HTTPAccess(token: nil).refusal(of: .init(authorization: "Bearer "))
        #expect(refusal?.status == 403)
        #expect(refusal.map { String(decoding: $0.body, as: UTF8.self).contains("http.tokenFile") } == true)
    }

    @Test("Another site's page may not act, even with the token")
    func origin() {
        var claims = HTTPAccess.Claims(authorization: "Bearer 0123456789abcdef", authority: "gw:8080")
        claims.origin = "http://gw:8080"
        #expect(status(claims) == nil)
        claims.fetchSite = "same-origin"
        #expect(status(claims) == nil)
        for other in ["http://evil:8080", "http://gw:8081", "null", "http://gw:8080.evil"] {
            claims.origin = other
            #expect(status(claims) == 403, "\(other)")
        }
        claims.origin = "http://gw:8080"
        claims.fetchSite = "cross-site"
        #expect(status(claims) == 403)
    }
}
