import ArgumentParser
import BusMosquitto
import JSON
import MetricsAggregation
import ServiceHTTP
import ServiceRuntime

/// Counts decisions, scores them, and shows the fleet.
@main struct MetricsAggregator: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "metrics-aggregator",
        abstract: "Scores decisions against truths, labels and the teacher's verdicts, and shows the fleet.",
        discussion: """
            Reads inference/, truth/, label/, verdict/ and energy/ and publishes, retained and at most once a second:

              accuracy/{model}/{version}    accuracy with its interval, macro F1, calibration, teacher, joules
              fleet/summary                 devices, edges, versions, window rate, bytes moved, jobs
              fleet/site/{site}, fleet/device/{site}/{device}

            A window counts once per model, whatever is repeated, resent or out of order; truths may come late, be \
            corrected or be withdrawn. Counts are kept in SQLite in the state folder and survive a kill.

            With http.port set it answers / (the dashboard), /api/ (JSON), /metrics (Prometheus) and /health. Looking is \
            free; labels and jobs need the token of http.tokenFile.

            \(ServiceConfiguration.help(for: keys))

            EXAMPLE:
              metrics-aggregator --set bus.url=mqtt://localhost --set http.port=8080
            """)

    private static let keys = MetricsAggregationApp.keys + HTTPSettings.keys + Dashboard.keys

    @OptionGroup var options: ServiceOptions

    func run() async throws {
        try await ServiceRunner.run(
            "metrics-aggregator", keys: Self.keys, options: options
        ) { options, logger in
            try MosquittoBus(options: options, logger: logger)
        } build: { context, configuration in
            let app = try await MetricsAggregationApp(configuration: configuration, context: context)
            let http = try HTTPSettings(configuration)
            guard http.port > 0 else { return app.services }
            let dashboard = try Dashboard(configuration: configuration, context: context, app: app)
            return [dashboard.service, HTTPService(http, context, routes: dashboard.routes)] + app.services
        }
    }
}
