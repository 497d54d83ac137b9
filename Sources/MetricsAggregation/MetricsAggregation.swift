// MetricsAggregation
