import DistillationReports
import Recordings

/// What updates of students take: `./dev bench delta` calls it.
@main
struct UpdateBenchmark {
    private static let usage = """
        usage: update-benchmark train FOLDER OUT SEED    train a base and its updates of wisdm-watch
               update-benchmark large OUT                students of 100 k weights
               update-benchmark sizes BASE TARGET FRAME  bytes by method; writes the smallest frame
               update-benchmark decode BASE FRAME        seconds and memory
        """

    static func main() throws {
        let words = Array(CommandLine.arguments.dropFirst())
        switch (words.first, words.count) {
        case ("train", 4):
            guard let seed = UInt64(words[3]) else { throw UsageError(description: usage) }
            var study = StudyOptions(paths: [words[1]], layout: ReadingsLayout(labels: ["label"]))
            study.testPatterns = ["test-*"]
            try TrainingRun(data: try StudyData(study), seed: seed, folder: words[2]).run()
        case ("large", 2): try LargeStudent.write(words[1])
        case ("sizes", 4): try Measuring.sizes(base: words[1], target: words[2], frame: words[3])
        case ("decode", 3): try Measuring.decoding(base: words[1], frame: words[2])
        default: throw UsageError(description: usage)
        }
    }

    struct UsageError: Error, CustomStringConvertible { var description: String }
}
