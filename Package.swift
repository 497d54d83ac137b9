// swift-tools-version: 6.2
import PackageDescription

/// `./dev` sets RETORT_STRICT=1, so that warnings stop the build here but never that of a package depending on ours.
let strict = Context.environment["RETORT_STRICT"] == "1"

let settings: [SwiftSetting] =
    [
        .swiftLanguageMode(.v6),
        .enableUpcomingFeature("InternalImportsByDefault"),
        .enableUpcomingFeature("MemberImportVisibility"),
        .enableUpcomingFeature("ExistentialAny"),
    ] + (strict ? [.treatAllWarnings(as: .error)] : [])

/// C is compiled optimised in every configuration of ours that runs it; contraction is off so that bits agree.
let kernelSettings: [CSetting] = [.define("NDEBUG", .when(configuration: .release))]

let argumentParser: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")
let configuration: Target.Dependency = .product(name: "Configuration", package: "swift-configuration")
let crypto: Target.Dependency = .product(name: "Crypto", package: "swift-crypto")
let grdb: Target.Dependency = .product(name: "GRDB", package: "GRDB.swift")
let hummingbird: Target.Dependency = .product(name: "Hummingbird", package: "hummingbird")
let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")
let metrics: Target.Dependency = .product(name: "Metrics", package: "swift-metrics")
let coreMetrics: Target.Dependency = .product(name: "CoreMetrics", package: "swift-metrics")
let lifecycle: Target.Dependency = .product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let protobuf: Target.Dependency = .product(name: "SwiftProtobuf", package: "swift-protobuf")
let signals: Target.Dependency = .product(name: "UnixSignals", package: "swift-service-lifecycle")
let subprocess: Target.Dependency = .product(name: "Subprocess", package: "swift-subprocess")
let system: Target.Dependency = .product(name: "SystemPackage", package: "swift-system")

func library(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: settings)
}

/// What stands beside a service's sources: every one but the command line has a default configuration.
func companions(_ name: String) -> [String] {
    ["README.md"] + (name == "retort" ? [] : ["default.json"]) + (name == "model-registry" ? ["tasks"] : [])
        + (name == "edge-inferencer" ? ["sources"] : [])
}

func service(_ name: String, _ library: Target.Dependency, _ more: [Target.Dependency] = []) -> Target {
    .executableTarget(
        name: name,
        dependencies: [library, "ServiceRuntime", "BusAPI", "BusMosquitto", argumentParser, logging, lifecycle] + more,
        path: "services/\(name)",
        exclude: companions(name),
        swiftSettings: settings
    )
}

/// Suites beside which files stand that they read in their place.
let withFixtures: Set<String> = ["NeuralNetworkTests", "ModelExchangeTests", "TelemetryTests", "Integration"]

func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .testTarget(
        name: name, dependencies: dependencies, exclude: withFixtures.contains(name) ? ["Fixtures"] : [],
        swiftSettings: settings)
}

/// What a browser is given.
let dashboardFiles = [
    "index.html", "style.css", "icon.svg", "app.js", "store.js", "dom.js", "format.js", "parts.js", "charts.js",
    "signal.js", "overview.js", "devices.js", "device.js", "labels.js", "models.js", "updates.js", "jobs.js",
    "drift.js",
]

let package = Package(
    name: "retort",
    platforms: [.macOS(.v15)],
    products: [
        .executable(name: "sensor-simulator", targets: ["sensor-simulator"]),
        .executable(name: "edge-inferencer", targets: ["edge-inferencer"]),
        .executable(name: "cloud-distiller", targets: ["cloud-distiller"]),
        .executable(name: "model-registry", targets: ["model-registry"]),
        .executable(name: "metrics-aggregator", targets: ["metrics-aggregator"]),
        .executable(name: "sparkplug-bridge", targets: ["sparkplug-bridge"]),
        .executable(name: "retort", targets: ["retort"]),
        // What `Benchmarks/` and `Fuzzing/` work with.
        .library(name: "CKernels", targets: ["CKernels"]),
        .library(name: "Distillation", targets: ["Distillation"]),
        .library(name: "DistillationReports", targets: ["DistillationReports"]),
        .library(name: "Inference", targets: ["Inference"]),
        .library(name: "JSON", targets: ["JSON"]),
        .library(name: "ModelArtifact", targets: ["ModelArtifact"]),
        .library(name: "ModelDelta", targets: ["ModelDelta"]),
        .library(name: "ModelExchange", targets: ["ModelExchange"]),
        .library(name: "NeuralNetwork", targets: ["NeuralNetwork"]),
        .library(name: "Recordings", targets: ["Recordings"]),
        .library(name: "Telemetry", targets: ["Telemetry"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-configuration", from: "1.4.0", traits: []),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
        .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-protobuf", from: "1.30.0"),
        .package(url: "https://github.com/apple/swift-system", from: "1.8.0"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.0", traits: []),
    ],
    targets: [
        // C
        .target(name: "CKernels", cSettings: kernelSettings),
        .systemLibrary(
            name: "CMosquitto", pkgConfig: "libmosquitto",
            providers: [.apt(["libmosquitto-dev"]), .brew(["mosquitto"])]),
        .systemLibrary(name: "CZstd", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev"]), .brew(["zstd"])]),

        // Formats and messages
        library("JSON"),
        library("Zstd", ["CZstd"]),
        library("Telemetry", ["JSON"]),
        library("ModelArtifact", ["JSON", "Telemetry"]),
        library("ModelDelta", ["Zstd", "ModelArtifact"]),
        library("ReleaseTrust", ["JSON", crypto]),

        // Numbers
        library("TensorKernels", ["CKernels"]),
        library("Inference", ["TensorKernels", "ModelArtifact"]),
        library("Energy", ["JSON"]),
        library("NeuralNetwork", ["TensorKernels", "ModelArtifact"]),
        library("Compression", ["NeuralNetwork", "TensorKernels", "ModelArtifact"]),
        library(
            "Distillation",
            ["JSON", "NeuralNetwork", "Compression", "TensorKernels", "ModelArtifact", "ModelDelta", "Inference"]),

        // Formats of other tools; only `retort` links it
        .target(
            name: "ModelExchange", dependencies: ["JSON", "ModelArtifact", "NeuralNetwork", protobuf],
            exclude: ["ONNX/onnx.proto"], swiftSettings: settings),

        // Bus and runtime
        library("BusAPI"),
        library("BusTesting", ["BusAPI"]),
        library("BusMosquitto", ["BusAPI", "CMosquitto", logging]),
        library(
            "ServiceRuntime",
            [
                "JSON", "BusAPI", "Telemetry", argumentParser, configuration, logging, metrics, coreMetrics, lifecycle,
                signals, system,
            ]),
        library("ServiceHTTP", ["ServiceRuntime", "BusAPI", "JSON", hummingbird, logging, lifecycle, system]),
        library("Storage", [grdb]),

        // Figures, progress, pages and pictures for people
        library("Presentation"),

        // Recorded sensor data
        library("Recordings", ["Telemetry", "ModelArtifact", "Zstd"]),

        // From recordings to an evaluated student, without a bus
        library(
            "DistillationReports",
            [
                "Distillation", "Compression", "Recordings", "NeuralNetwork", "Inference", "ModelArtifact", "Telemetry",
                "JSON", "Energy", "Presentation", "Zstd",
            ]),

        // What a student costs on a device, before it runs there
        library("EnergyPlanning", ["Energy", "JSON", "Inference", "ModelArtifact", "Recordings", "Telemetry"]),

        // Sparkplug B; protobuf stays out of the edge
        .target(
            name: "Sparkplug",
            dependencies: ["Telemetry", "JSON", "BusAPI", "ServiceRuntime", protobuf, logging, lifecycle],
            exclude: ["sparkplug.proto"], swiftSettings: settings),

        // One library a service
        library(
            "SensorSimulation",
            ["Telemetry", "JSON", "Recordings", "BusAPI", "ServiceRuntime", logging, lifecycle, system]),
        library(
            "EdgeInference",
            [
                "Telemetry", "JSON", "Inference", "ModelArtifact", "ModelDelta", "ReleaseTrust", "Energy", "Zstd",
                "BusAPI", "ServiceRuntime", logging, lifecycle, metrics,
            ]),
        library(
            "CloudDistillation",
            [
                "Telemetry", "JSON", "Distillation", "Compression", "NeuralNetwork", "Inference", "ModelArtifact",
                "ModelDelta", "Zstd", "BusAPI", "ServiceRuntime", "Storage", logging, lifecycle, crypto, metrics,
            ]),
        library(
            "ModelRegistry",
            [
                "Telemetry", "JSON", "ModelArtifact", "ModelDelta", "ReleaseTrust", "Inference", "Zstd", "Storage",
                "BusAPI", "ServiceRuntime", logging, lifecycle, metrics,
            ]),
        // The dashboard's files, in the executable itself: they are there wherever it is installed
        .target(
            name: "DashboardPage", resources: dashboardFiles.map { .embedInCode("Files/\($0)") },
            swiftSettings: settings),
        library(
            "MetricsAggregation",
            [
                "Telemetry", "JSON", "ModelArtifact", "Storage", "BusAPI", "ServiceRuntime", "ServiceHTTP",
                "DashboardPage", logging, lifecycle, metrics, system,
            ]),
        library(
            "FleetConsole",
            [
                "Telemetry", "JSON", "ModelArtifact", "Recordings", "Zstd", "BusAPI", "ServiceRuntime", "Energy",
                "Presentation", logging, lifecycle, subprocess, system,
            ]),

        // Executables
        service("sensor-simulator", "SensorSimulation", ["Telemetry"]),
        service("edge-inferencer", "EdgeInference", ["Telemetry", "ModelArtifact"]),
        service("cloud-distiller", "CloudDistillation", ["ServiceHTTP", "Telemetry"]),
        service("model-registry", "ModelRegistry", ["ServiceHTTP", "Telemetry"]),
        service("metrics-aggregator", "MetricsAggregation", ["ServiceHTTP", "Telemetry"]),
        service("sparkplug-bridge", "Sparkplug"),
        service(
            "retort", "FleetConsole",
            [
                "Distillation", "Compression", "DistillationReports", "Energy", "EnergyPlanning", "ModelExchange",
                "NeuralNetwork", "Presentation", "Telemetry", "ModelArtifact", "ModelDelta", "JSON", "Recordings",
                system, signals,
            ]),

        // What `./dev bench edge`, `registry` and `aggregation` run
        .target(
            name: "LoadTesting", dependencies: ["Inference", "ModelArtifact", "Telemetry", "Zstd", subprocess, system],
            path: "Benchmarks/LoadTesting", swiftSettings: settings),
        .executableTarget(
            name: "registry-load",
            dependencies: [
                "LoadTesting", "FleetConsole", "BusAPI", "BusMosquitto", "JSON", "ModelArtifact", "ServiceRuntime",
                "Telemetry", argumentParser, logging, system,
            ],
            path: "Benchmarks/RegistryLoad", swiftSettings: settings),
        .executableTarget(
            name: "edge-load",
            dependencies: [
                "LoadTesting", "FleetConsole", "BusAPI", "BusMosquitto", "JSON", "ModelArtifact", "ServiceRuntime",
                "Telemetry", argumentParser, logging, system,
            ],
            path: "Benchmarks/EdgeLoad", swiftSettings: settings),
        .executableTarget(
            name: "aggregation-load",
            dependencies: [
                "LoadTesting", "FleetConsole", "BusAPI", "BusMosquitto", "JSON", "ServiceRuntime", "Telemetry",
                argumentParser, logging, subprocess, system,
            ],
            path: "Benchmarks/AggregationLoad", swiftSettings: settings),
    ]
)

// Each target's unit tests stand in Tests/<Target>Tests.
let tested: [(String, [Target.Dependency])] = [
    ("JSON", []), ("Zstd", []), ("Telemetry", ["JSON"]), ("ModelArtifact", ["JSON", "Telemetry", crypto]),
    ("ModelDelta", ["ModelArtifact", "Zstd", "FuzzTesting"]), ("ReleaseTrust", ["JSON", crypto]),
    ("TensorKernels", ["CKernels"]),
    ("Inference", ["ModelArtifact", "TensorKernels", "CAllocationCounter"]), ("Energy", ["JSON"]),
    ("NeuralNetwork", ["TensorKernels", "ModelArtifact", "JSON"]),
    ("Compression", ["NeuralNetwork", "Inference", "ModelArtifact"]),
    ("Distillation", ["NeuralNetwork", "Compression", "Inference", "ModelArtifact", "Zstd"]),
    ("ModelExchange", ["Inference", "ModelArtifact", "NeuralNetwork", "FuzzTesting", protobuf]),
    ("BusAPI", ["BusTesting"]),
    (
        "ServiceRuntime",
        ["BusAPI", "BusTesting", "JSON", "Telemetry", configuration, metrics, lifecycle, logging, system]
    ),
    ("ServiceHTTP", ["ServiceRuntime", "BusAPI", "BusTesting", "JSON", "Telemetry", lifecycle, logging]),
    ("Storage", [grdb]), ("Presentation", []),
    ("Recordings", ["Telemetry", "JSON", "ModelArtifact", "Zstd"]),
    (
        "DistillationReports",
        ["Distillation", "Recordings", "NeuralNetwork", "Inference", "ModelArtifact", "Telemetry", "JSON", "Energy"]
    ),
    ("EnergyPlanning", ["Energy", "JSON", "ModelArtifact"]),
    ("Sparkplug", ["Telemetry", "JSON", "BusAPI", "BusTesting", "ServiceRuntime", protobuf, logging, lifecycle]),
    (
        "SensorSimulation",
        ["Telemetry", "JSON", "BusAPI", "BusTesting", "ModelArtifact", "ServiceRuntime", "Zstd", logging, lifecycle]
    ),
    (
        "EdgeInference",
        [
            "Telemetry", "JSON", "BusAPI", "BusTesting", "ModelArtifact", "ModelDelta", "ReleaseTrust", "Inference",
            "Energy", "Zstd", "ServiceRuntime", crypto, logging, lifecycle,
        ]
    ),
    (
        "CloudDistillation",
        [
            "Telemetry", "JSON", "BusAPI", "BusTesting", "ModelArtifact", "Distillation", "NeuralNetwork",
            "ServiceRuntime", "Storage", "Zstd", logging, lifecycle,
        ]
    ),
    (
        "ModelRegistry",
        [
            "Telemetry", "JSON", "BusAPI", "BusTesting", "ModelArtifact", "ModelDelta", "ReleaseTrust", "Inference",
            "Zstd", "Storage", "ServiceRuntime", crypto, logging, lifecycle,
        ]
    ),
    (
        "MetricsAggregation",
        [
            "Telemetry", "JSON", "BusAPI", "BusTesting", "ModelArtifact", "Storage", "ServiceRuntime", "ServiceHTTP",
            "DashboardPage", lifecycle, logging,
        ]
    ),
    (
        "FleetConsole",
        [
            "Telemetry", "JSON", "BusAPI", "BusTesting", "ModelArtifact", "Recordings", "ServiceRuntime", subprocess,
            system,
        ]
    ),
]
for (name, dependencies) in tested {
    package.targets.append(tests("\(name)Tests", [.target(name: name)] + dependencies))
}
package.targets += [
    .target(name: "CAllocationCounter", path: "Tests/CAllocationCounter"),
    .target(name: "FuzzTesting", path: "Tests/FuzzTesting", swiftSettings: settings),
    tests(
        "Integration",
        [
            "FleetConsole", "BusAPI", "BusTesting", "BusMosquitto", "Telemetry", "JSON", "ServiceRuntime",
            "ModelArtifact", "Inference", "Zstd",
            subprocess, system, logging,
        ]),
    tests("Cluster", ["BusAPI", "BusMosquitto", "Telemetry", "JSON", subprocess, system, logging]),
]
