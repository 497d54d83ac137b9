import ModelArtifact

/// A teacher with the name its verdicts carry.
struct KeptTeacher: Sendable {
    let model: any TeacherModel
    /// SHA-256 of its file.
    let digest: ContentDigest

    init(_ model: any TeacherModel) {
        self.model = model
        digest = ContentDigest(of: model.file)
    }

    /// Whether it answers for a task: same shape, same classes in the same order, or the same target.
    func serves(_ task: TaskDocument) -> Bool { model.task.hasShape(of: task) && model.task.hasOutputs(of: task) }
}
