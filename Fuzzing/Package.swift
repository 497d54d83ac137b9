// swift-tools-version: 6.2
import PackageDescription

/// libFuzzer over everything that reads bytes from others: `./dev fuzz` builds and runs it, with the sanitizers' flags.
func retort(_ product: String) -> Target.Dependency { .product(name: product, package: "retort") }

let package = Package(
    name: "retort-fuzzing",
    platforms: [.macOS(.v15)],
    dependencies: [.package(name: "retort", path: "..")],
    targets: [
        .target(name: "CFuzzer"),
        .executableTarget(
            name: "fuzz-readers",
            dependencies: [
                "CFuzzer", retort("Inference"), retort("JSON"), retort("ModelArtifact"), retort("ModelDelta"),
                retort("ModelExchange"), retort("NeuralNetwork"), retort("Telemetry"),
            ],
            path: "Sources/FuzzReaders",
            linkerSettings: [
                // gold ends with an internal error on what the sanitizers make; lld drops their counters unless told.
                .unsafeFlags(["-use-ld=lld", "-Xlinker", "-z", "-Xlinker", "nostart-stop-gc"])
            ]),
    ]
)
