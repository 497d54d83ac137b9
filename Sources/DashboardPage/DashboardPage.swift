/// The files that a browser is given, as they were when this was built.
public enum DashboardPage {
    /// By name.
    public static let files: [String: [UInt8]] = [
        "index.html": PackageResources.index_html, "style.css": PackageResources.style_css,
        "icon.svg": PackageResources.icon_svg, "app.js": PackageResources.app_js,
        "store.js": PackageResources.store_js, "dom.js": PackageResources.dom_js,
        "format.js": PackageResources.format_js, "parts.js": PackageResources.parts_js,
        "charts.js": PackageResources.charts_js, "signal.js": PackageResources.signal_js,
        "overview.js": PackageResources.overview_js, "devices.js": PackageResources.devices_js,
        "device.js": PackageResources.device_js, "labels.js": PackageResources.labels_js,
        "models.js": PackageResources.models_js, "updates.js": PackageResources.updates_js,
        "jobs.js": PackageResources.jobs_js, "drift.js": PackageResources.drift_js,
    ]
}
