/// One numbered step of a schema. Steps that were released are never edited; new ones are added behind.
public struct Migration: Sendable {
    /// 1 for the first, without gaps.
    public let number: Int
    let apply: @Sendable (Transaction) throws -> Void

    public init(_ number: Int, _ apply: @escaping @Sendable (Transaction) throws -> Void) {
        self.number = number
        self.apply = apply
    }

    /// A step of plain SQL: statements separated by `;`.
    public init(_ number: Int, sql: String) {
        self.init(number) { try $0.script(sql) }
    }
}
