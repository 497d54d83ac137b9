// swift-tools-version: 6.2
import PackageDescription

/// Benchmarks of Retort against the peers in `peers/`: `./dev bench` builds and runs them.
func retort(_ product: String) -> Target.Dependency { .product(name: product, package: "retort") }

let package = Package(
    name: "retort-benchmarks",
    platforms: [.macOS(.v15)],
    dependencies: [.package(name: "retort", path: "..")],
    targets: [
        .executableTarget(
            name: "training-benchmark",
            dependencies: [
                retort("Distillation"), retort("ModelArtifact"), retort("NeuralNetwork"), retort("Recordings"),
            ],
            path: "Sources/TrainingBenchmark"),
        .executableTarget(
            name: "inference-benchmark", dependencies: [retort("Inference"), retort("ModelArtifact")],
            path: "Sources/InferenceBenchmark"),
        .executableTarget(
            name: "inference-runner", dependencies: [retort("Inference"), retort("ModelArtifact")],
            path: "Sources/InferenceRunner"),
        .executableTarget(
            name: "update-benchmark",
            dependencies: [
                retort("Distillation"), retort("DistillationReports"), retort("Inference"), retort("ModelArtifact"),
                retort("ModelDelta"),
                retort("NeuralNetwork"), retort("Recordings"),
            ],
            path: "Sources/UpdateBenchmark"),
        .target(name: "CPeak"),
        .executableTarget(
            name: "kernels-benchmark", dependencies: ["CPeak", retort("CKernels")], path: "Sources/KernelsBenchmark"),
    ]
)
