// CloudDistillation
