/// Why a payload cannot be used: a word to count by, and what people can do.
struct Rejection: Error, Sendable, Equatable {
    let code: String
    let reason: String
}
