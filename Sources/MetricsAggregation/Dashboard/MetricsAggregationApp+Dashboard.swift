package import JSON

extension MetricsAggregationApp: DashboardQueries {
    package func history(
        subject: String, model: String?, seconds: Int, from: Double, to: Double
    ) async throws -> JSONValue { throw DashboardError("history is not recorded yet") }

    package func receipts(model: String?, limit: Int) async throws -> JSONValue {
        throw DashboardError("receipts are not recorded yet")
    }

    package func versions(model: String) async throws -> JSONValue {
        throw DashboardError("versions are not recorded yet")
    }

    package func devices(seconds: Int, from: Double, to: Double) async throws -> JSONValue {
        throw DashboardError("devices are not recorded yet")
    }
}
