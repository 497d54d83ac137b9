import BusAPI
import Subprocess

/// What a broker's certificate is worth, asked of the `openssl` program: it names the fault where an MQTT library says
/// only that TLS failed.
struct CertificateCheck {
    let host: String
    let port: Int
    let tls: BusConnectionOptions.TLS
    let limit: Duration

    /// Seconds before its end at which a certificate is said to end soon.
    private static let soon = 14 * 86_400

    func run() async -> [DoctorFinding] {
        let talk: String?
        do {
            let arguments = arguments
            talk = try await within(limit) { try await Self.openssl(arguments, input: "") }
        } catch {
            return [
                .warning(
                    "tls.chain", "the certificate is not looked at: \(error)",
                    do: "install openssl (apt-get install openssl) to have it checked")
            ]
        }
        guard let talk else {
            return [
                .error(
                    "tls.handshake", "\(host):\(port) answers no TLS handshake within \(limit)",
                    do: "is port \(port) a listener with certfile and keyfile? Plain ones are spoken to with mqtt://")
            ]
        }
        guard let begin = talk.firstRange(of: "-----BEGIN CERTIFICATE-----"),
            let end = talk.firstRange(of: "-----END CERTIFICATE-----")
        else {
            return [
                .error(
                    "tls.handshake", "\(host):\(port) shows no certificate\(Self.reason(talk))",
                    do: "is port \(port) a listener with certfile and keyfile? Plain ones are spoken to with mqtt://")
            ]
        }
        let certificate = talk[begin.lowerBound..<end.upperBound] + "\n"
        return chain(talk) + (await expiry(String(certificate)))
    }

    private var arguments: [String] {
        var arguments = ["s_client", "-connect", "\(host.contains(":") ? "[\(host)]" : host):\(port)"]
        let isAddress = host.contains(":") || host.allSatisfy { $0.isNumber || $0 == "." }
        arguments += isAddress ? ["-verify_ip", host] : ["-servername", host, "-verify_hostname", host]
        if let file = tls.certificateAuthorities { arguments += ["-CAfile", file, "-no-CApath", "-no-CAstore"] }
        if let file = tls.certificate, let key = tls.key { arguments += ["-cert", file, "-key", key] }
        return arguments
    }

    private func chain(_ talk: String) -> [DoctorFinding] {
        let mark = "Verify return code: "
        guard let found = talk.firstRange(of: mark) else { return [] }
        let verdict = String(talk[found.upperBound...].prefix { $0 != "\n" })
        let code = Int(verdict.prefix { $0.isNumber }) ?? -1
        let authorities = tls.certificateAuthorities ?? "the system's authorities"
        switch code {
        case 0: return [.ok("tls.chain", "the certificate is for \(host) and signed by one of \(authorities)")]
        // An end that has come is a finding of its own.
        case 10: return []
        case 62, 64:
            return [
                .error(
                    "tls.name", "the certificate is not for \(host): \(verdict)",
                    do: "use the name that it was made for in --broker, or make one with this name among subjectAltName"
                )
            ]
        default:
            return [
                .error(
                    "tls.chain", "the certificate is not trusted by \(authorities): \(verdict)",
                    do:
                        "name the authority that signed it: --authorities FILE, RETORT_BUS_TLS_AUTHORITIES, bus.tls.authorities"
                )
            ]
        }
    }

    private func expiry(_ certificate: String) async -> [DoctorFinding] {
        do {
            let end =
                try await Self.openssl(["x509", "-noout", "-enddate"], input: certificate)
                .split(separator: "\n").first.map { String($0.replacing("notAfter=", with: "")) } ?? "?"
            let advice = "renew it, and reload the broker (mosquitto: SIGHUP)"
            if try await !Self.lasts(certificate, seconds: 0) {
                return [.error("tls.expiry", "the certificate has expired (\(end))", do: advice)]
            }
            if try await !Self.lasts(certificate, seconds: Self.soon) {
                return [.warning("tls.expiry", "the certificate ends on \(end)", do: advice)]
            }
            return [.ok("tls.expiry", "the certificate is good until \(end)")]
        } catch {
            return [
                .warning("tls.expiry", "its end cannot be read: \(error)", do: "look at it with openssl x509 -text")
            ]
        }
    }

    private static func lasts(_ certificate: String, seconds: Int) async throws -> Bool {
        try await openssl(["x509", "-noout", "-checkend", "\(seconds)"], input: certificate).contains("will not expire")
    }

    /// What the program says on both outputs.
    private static func openssl(_ arguments: [String], input: String) async throws -> String {
        let result = try await Subprocess.run(
            .name("openssl"), arguments: Arguments(arguments), input: .string(input), output: .string(limit: 1 << 20),
            error: .combinedWithOutput)
        return result.standardOutput
    }

    /// The first line of openssl's that tells of an error.
    private static func reason(_ talk: String) -> String {
        let line = talk.split(separator: "\n").first { $0.contains("error") }
        return line.map { " (\(TextTable.printable(String($0.suffix(80)))))" } ?? ""
    }
}
