package import JSON

extension MetricsAggregationApp: DashboardQueries {
    package func historyDocument(
        subject: String, model: String?, seconds: Int, from: Double, to: Double
    ) async throws -> JSONValue { throw DashboardError("history is not recorded yet") }

    package func receiptsDocument(model: String?, limit: Int) async throws -> JSONValue {
        throw DashboardError("receipts are not recorded yet")
    }

    package func versionsDocument(model: String) async throws -> JSONValue {
        throw DashboardError("versions are not recorded yet")
    }

    package func devicesDocument(seconds: Int, from: Double, to: Double) async throws -> JSONValue {
        throw DashboardError("devices are not recorded yet")
    }
}
