/// Who may act.
///
/// Looking is free; whoever acts brings `Authorization: Bearer` with the configured token, which no other site's page
/// has. A browser that says it comes from another site is refused all the same.
struct HTTPAccess: Sendable {
    /// What a request says of itself.
    struct Claims: Sendable {
        var authorization: String?
        var origin: String?
        var fetchSite: String?
        /// The host and port that were asked for.
        var authority: String?
    }

    /// Nothing: no one may act.
    let token: String?

    /// The answer to somebody who may not act; nothing for those who may.
    func refusal(of claims: Claims) -> HTTPRoute.Answer? {
        guard let token else {
            return .text(
                "actions are off: set http.tokenFile (or http.token) in the aggregator's configuration\n", status: 403)
        }
        if let site = claims.fetchSite, site != "same-origin", site != "none" {
            return .text("actions are taken from this service's own pages only\n", status: 403)
        }
        if let origin = claims.origin {
            guard let authority = claims.authority, origin == "http://\(authority)" || origin == "https://\(authority)"
            else { return .text("actions are taken from this service's own pages only\n", status: 403) }
        }
        let scheme = "Bearer "
        guard let authorization = claims.authorization, authorization.hasPrefix(scheme),
            Self.isSame(String(authorization.dropFirst(scheme.count)), token)
        else { return .text("this needs the token of http.tokenFile: it is missing or wrong\n", status: 401) }
        return nil
    }

    /// Compares in a time that does not depend on where the difference is.
    static func isSame(_ given: String, _ secret: String) -> Bool {
        let (given, secret) = (Array(given.utf8), Array(secret.utf8))
        var difference = given.count ^ secret.count
        for index in secret.indices {
            difference |= Int(secret[index] ^ (index < given.count ? given[index] : 0))
        }
        return difference == 0
    }
}
