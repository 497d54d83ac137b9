import Storage

/// Tables of `registry.sqlite`.
enum RegistrySchema {
    static let migrations = [
        Migration(
            1,
            sql: """
                CREATE TABLE task(
                    model TEXT PRIMARY KEY, revision INTEGER NOT NULL, document BLOB NOT NULL, accepted REAL NOT NULL);
                -- What was last read from each task file, so that an unchanged file does not undo a later proposal.
                CREATE TABLE task_file(name TEXT PRIMARY KEY, digest TEXT NOT NULL);
                CREATE TABLE version(
                    model TEXT NOT NULL, version INTEGER NOT NULL, digest TEXT NOT NULL, base TEXT,
                    student BLOB NOT NULL, compressed_bytes INTEGER NOT NULL, parameters INTEGER NOT NULL,
                    macs INTEGER NOT NULL, profile TEXT NOT NULL, task_revision INTEGER NOT NULL, job TEXT NOT NULL,
                    distiller TEXT NOT NULL, report TEXT NOT NULL, accepted REAL NOT NULL,
                    PRIMARY KEY(model, version), UNIQUE(model, digest));
                CREATE TABLE refusal(
                    model TEXT NOT NULL, digest TEXT NOT NULL, frame TEXT NOT NULL, reason TEXT NOT NULL,
                    t REAL NOT NULL, PRIMARY KEY(model, digest, frame));
                CREATE TABLE release(
                    model TEXT NOT NULL, channel TEXT NOT NULL, version INTEGER NOT NULL, previous INTEGER,
                    rollback INTEGER NOT NULL, t REAL NOT NULL, PRIMARY KEY(model, channel));
                CREATE TABLE metadata(
                    role TEXT NOT NULL, version INTEGER NOT NULL, issued INTEGER NOT NULL, expires INTEGER NOT NULL,
                    document BLOB NOT NULL, PRIMARY KEY(role, version));
                CREATE TABLE installed(
                    model TEXT NOT NULL, site TEXT NOT NULL, edge TEXT NOT NULL, state TEXT NOT NULL, running INTEGER,
                    digest TEXT, report TEXT NOT NULL, t REAL NOT NULL, PRIMARY KEY(model, site, edge));
                CREATE TABLE offer(
                    model TEXT NOT NULL, base TEXT NOT NULL, target TEXT NOT NULL, version INTEGER NOT NULL,
                    method TEXT NOT NULL, frame TEXT NOT NULL, content BLOB NOT NULL, made REAL NOT NULL,
                    PRIMARY KEY(model, base, target));
                CREATE INDEX offer_frame ON offer(frame);
                -- Topics that may hold a retained message of ours, so that a restart can take back what is obsolete.
                CREATE TABLE announced(topic TEXT PRIMARY KEY);
                """)
    ]
}
