internal import CKernels

/// The C kernels of one level.
///
/// `@unchecked`: the table is a constant of the C target; nothing ever writes to it.
package struct KernelTable: @unchecked Sendable {
    let table: UnsafePointer<ck_kernels>

    /// - Returns: `nil` where this processor lacks the level.
    package init?(_ level: KernelLevel) {
        guard let table = ck_kernels_at(level.code) else { return nil }
        self.table = table
    }

    /// The tiling of ``KernelLevel/avx512`` on base instructions: slow, for tests on machines without it.
    package static let wide: KernelTable? = ck_kernels_at(Int32(CK_WIDE)).map(KernelTable.init(table:))

    package static let active: KernelTable = {
        let level = KernelLevel.active
        guard let active = KernelTable(level) else { preconditionFailure("kernels of level \(level) are missing") }
        return active
    }()

    private init(table: UnsafePointer<ck_kernels>) { self.table = table }
}
