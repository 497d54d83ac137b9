import BusAPI
import JSON
import Telemetry

/// What is said of what is counted.
extension Aggregation {
    /// The retained messages that differ from what was published last.
    ///
    /// - Parameter limit: messages at most; devices that do not fit wait for the next call.
    mutating func publications(now: Double, limit: Int = 500) -> [BusMessage] {
        var messages: [BusMessage] = []
        let bases = bases
        // Where a first truth changes what a model's versions are compared with, all of them say so.
        for key in join.live.keys where bases[key.model] != publishedBases[key.model] {
            join.changedVersions.insert(key)
        }
        publishedBases = bases
        for key in Set(join.changedVersions.union(energy.changedForPublication).map { whole($0) }) {
            guard let accuracy = accuracy(key, basis: basis(key.model, bases), now: now) else { continue }
            add(
                .accuracy(model: join.names[key.model], version: Int(key.version)), accuracy, now: now, to: &messages)
        }
        join.changedVersions = []
        energy.changedForPublication = []
        for index in join.changedSeries {
            if let device = device(of: index) {
                fleet.changedDevices.insert(device)
                fleet.changedSites.insert(device.site)
            }
        }
        join.changedSeries = []
        let seriesByDevice = fleet.changedDevices.isEmpty && fleet.changedSites.isEmpty ? [:] : seriesByDevice()
        let bySite = Dictionary(grouping: Set(fleet.devices.keys).union(seriesByDevice.keys), by: \.site)
        for site in fleet.changedSites {
            add(
                .fleetSite(site), siteSummary(site, bySite[site] ?? [], bases, seriesByDevice, now: now), now: now,
                to: &messages)
        }
        fleet.changedSites = []
        for device in fleet.changedDevices.sorted() {
            guard messages.count < limit else { break }
            fleet.changedDevices.remove(device)
            add(
                .fleetDevice(device), deviceSummary(device, bases, seriesByDevice[device] ?? [], now: now), now: now,
                to: &messages)
        }
        add(.fleetSummary, summary(now: now), now: now, to: &messages)
        return messages
    }

    /// Makes the next ``publications(now:limit:)`` say everything again: a broker that restarted may have lost it.
    mutating func forgetPublished() {
        published = [:]
        join.changedVersions.formUnion(join.live.keys)
        join.changedSeries.formUnion(join.series.indices)
        fleet.changedDevices.formUnion(fleet.devices.keys)
        fleet.changedSites.formUnion(fleet.edges.map(\.site))
    }

    private mutating func add(
        _ topic: Topic, _ message: some MessagePayload, now: Double, to messages: inout [BusMessage]
    ) {
        let name = topics.string(topic)
        var timeless = message.json
        if case .object(var object) = timeless {
            object["t"] = nil
            timeless = .object(object)
        }
        guard published[name] != timeless else { return }
        published[name] = timeless
        messages.append(
            BusMessage(topic: name, payload: message.payload, retained: true, contentType: "application/json"))
    }

    /// Truth where there is any for the model, else labels.
    var bases: [Int32: Basis] {
        join.live.reduce(into: [:]) { bases, entry in
            let tally = entry.value.truth
            if tally.scored + tally.mixed > 0 { bases[entry.key.model] = .truth }
        }
    }

    private func device(of index: Int) -> DeviceID? {
        let parts = join.names[join.series[index].key.device].split(separator: "/")
        return parts.count == 2 ? DeviceID(site: String(parts[0]), device: String(parts[1])) : nil
    }

    private func seriesByDevice() -> [DeviceID: [Int]] {
        join.series.indices.reduce(into: [:]) { result, index in
            if let device = device(of: index) { result[device, default: []].append(index) }
        }
    }

    // MARK: One version

    /// Nothing while a version has decided nothing.
    func accuracy(_ key: VersionKey, basis: Basis, now: Double) -> AccuracyMessage? {
        let parts = (heads[key.model] ?? []).map { VersionKey(model: $0, version: key.version) }
        guard !parts.isEmpty else { return accuracy(of: key, basis: basis, now: now) }
        return accuracy(of: key, heads: parts, basis: basis, now: now)
    }

    /// Of several heads: the first one's decisions and latency, and the scores of all together.
    private func accuracy(
        of key: VersionKey, heads parts: [VersionKey], basis: Basis, now: Double
    ) -> AccuracyMessage? {
        guard let first = parts.first, var message = accuracy(of: first, basis: basis, now: now) else { return nil }
        let tallies = parts.compactMap { join.live[$0] }
        let scores = tallies.map { $0[basis] }
        func total(_ count: (BasisTally) -> Int) -> Int { scores.reduce(0) { $0 + count($1) } }
        message.basis = total(\.scored) > 0 ? messageBasis(basis) : nil
        message.scored = total(\.scored)
        message.mixed = total(\.mixed)
        message.coverage = Double(message.scored) / Double(max(1, tallies.reduce(0) { $0 + $1.decisions }))
        message.accuracy = ScoreInterval(successes: total(\.correct), trials: total(\.scored))
        message.withCloud = ScoreInterval(successes: total(\.finalCorrect), trials: total(\.finalScored))
        message.macroF1 = nil
        message.calibrationError = nil
        message.perClass = []
        if message.teacher != nil {
            let trials = total(\.teacherScored)
            message.teacher = TeacherScore(
                scored: trials, accuracy: ScoreInterval(successes: total(\.teacherCorrect), trials: trials),
                student: ScoreInterval(successes: total(\.studentCorrectThere), trials: trials),
                agreement: ScoreInterval(
                    successes: tallies.reduce(0) { $0 + $1.agreements }, trials: tallies.reduce(0) { $0 + $1.verdicts })
            )
        }
        message.joulesPerInference = energy.perInference(key)
        message.joulesPerCorrect = message.joulesPerInference.flatMap { perCorrect($0, message.accuracy) }
        for (part, score) in zip(parts, parts.map { join.live[$0]?[basis] ?? BasisTally() }) {
            message.heads[Self.parts(join.names[part.model]).head ?? ""] = HeadScore(
                scored: score.scored, accuracy: ScoreInterval(successes: score.correct, trials: score.scored),
                macroF1: score.confusion.macroF1)
        }
        return message
    }

    /// Of one classification or regression.
    private func accuracy(of key: VersionKey, basis: Basis, now: Double) -> AccuracyMessage? {
        guard let tally = join.live[key], tally.decisions > 0 else { return nil }
        let scores = tally[basis]
        let isValue = scores.errors.values > 0
        let accuracy = ScoreInterval(successes: scores.correct, trials: isValue ? 0 : scores.scored)
        let perInference = energy.perInference(key)
        return AccuracyMessage(
            t: now, from: Double(tally.from) / 1_000_000, to: Double(tally.to) / 1_000_000,
            basis: scores.scored > 0 ? messageBasis(basis) : nil, decisions: tally.decisions, scored: scores.scored,
            mixed: scores.mixed, coverage: Double(scores.scored) / Double(tally.decisions), accuracy: accuracy,
            withCloud: isValue ? nil : ScoreInterval(successes: scores.finalCorrect, trials: scores.finalScored),
            macroF1: scores.confusion.macroF1, calibrationError: scores.calibration.expectedError,
            errors: scores.errors.errors(unit: join.units[key.model]),
            decidedByCloud: Double(tally.byCloud) / Double(tally.decisions), latency: latency(tally),
            teacher: teacher(tally, scores, unit: join.units[key.model]), joulesPerInference: perInference,
            joulesPerCorrect: perInference.flatMap { perCorrect($0, accuracy) },
            perClass: perClass(scores))
    }

    private func messageBasis(_ basis: Basis) -> AccuracyMessage.Basis { basis == .truth ? .truth : .label }

    private func latency(_ tally: VersionTally) -> AccuracyMessage.Latency? {
        tally.latency.percentiles([0.5, 0.95, 0.99]).map {
            AccuracyMessage.Latency(median: $0[0], p95: $0[1], p99: $0[2])
        }
    }

    private func teacher(_ tally: VersionTally, _ scores: BasisTally, unit: String?) -> TeacherScore? {
        guard tally.verdicts > 0 else { return nil }
        // Values are never just the same.
        guard unit == nil else {
            return TeacherScore(
                scored: scores.teacherScored, accuracy: nil, student: nil, agreement: nil,
                errors: scores.teacherErrors.errors(unit: unit))
        }
        return TeacherScore(
            scored: scores.teacherScored,
            accuracy: ScoreInterval(successes: scores.teacherCorrect, trials: scores.teacherScored),
            student: ScoreInterval(successes: scores.studentCorrectThere, trials: scores.teacherScored),
            agreement: ScoreInterval(successes: tally.agreements, trials: tally.verdicts))
    }

    /// What a right decision costs: the joules of an inference over the share that is right, bounds with bounds.
    private func perCorrect(_ joules: JoulesFigure, _ accuracy: ScoreInterval?) -> JoulesFigure? {
        guard let accuracy, accuracy.value > 0, accuracy.low > 0 else { return nil }
        return JoulesFigure(
            value: joules.value / accuracy.value, low: joules.low / accuracy.high, high: joules.high / accuracy.low,
            method: joules.method, includes: joules.includes, compute: joules.compute.map { $0 / accuracy.value })
    }

    private func perClass(_ scores: BasisTally) -> [AccuracyMessage.ClassScore] {
        scores.confusion.classes.map { entry in
            AccuracyMessage.ClassScore(
                label: join.names[entry.key], support: entry.value.support, precision: entry.value.precision,
                recall: entry.value.recall, f1: entry.value.f1)
        }.sorted { $0.label < $1.label }
    }

    // MARK: The fleet

    private func deviceSummary(
        _ device: DeviceID, _ bases: [Int32: Basis], _ series: [Int], now: Double
    ) -> FleetDevice {
        var models: [String: FleetDevice.Model] = [:]
        var scores: [String: (scored: Int, correct: Int)] = [:]
        for index in series.sorted() {
            let series = join.series[index]
            guard let last = series.last else { continue }
            // A device without truth still shows how it does against its labels.
            let isTruth = bases[series.key.model] == .truth && series.live.scored[Basis.truth.rawValue] > 0
            let basis = isTruth ? Basis.truth : .label
            let (name, head) = Self.parts(join.names[series.key.model])
            let score = scores[name, default: (0, 0)]
            scores[name] = (
                score.scored + series.live.scored[basis.rawValue], score.correct + series.live.correct[basis.rawValue]
            )
            var model =
                models[name]
                ?? FleetDevice.Model(
                    version: Int(last.version), to: Double(last.to) / 1_000_000,
                    card: Scorecard(windows: series.live.windows))
            model.card.scored = scores[name]?.scored ?? 0
            model.card.basis = model.card.scored > 0 ? model.card.basis ?? messageBasis(basis) : nil
            switch last.answer {
            case .label(let label):
                if let head {
                    model.heads[head] = String(join.names[label].dropFirst(head.count + 1))
                } else {
                    model.label = join.names[label]
                    model.confidence = Double(last.confidence)
                }
                model.card.accuracy = ScoreInterval(
                    successes: scores[name]?.correct ?? 0, trials: model.card.scored)
            case .value(let value):
                model.value = value
                model.unit = join.units[series.key.model]
                model.card.errors = series.live.errors[basis.rawValue].errors(unit: model.unit)
            case .none, .mixed: break
            }
            models[name] = model
        }
        let state: FleetDevice.State = fleet.isOnline(device).map { $0 ? .online : .offline } ?? .unknown
        return FleetDevice(t: now, state: state, models: models)
    }

    private func siteSummary(
        _ site: String, _ known: [DeviceID], _ bases: [Int32: Basis], _ seriesByDevice: [DeviceID: [Int]], now: Double
    ) -> FleetSite {
        var models: [String: (windows: Int, scored: Int, correct: Int, errors: ErrorSum, unit: String?)] = [:]
        for device in known {
            for index in seriesByDevice[device] ?? [] {
                let series = join.series[index]
                let basis = (bases[series.key.model] ?? .label).rawValue
                let name = Self.parts(join.names[series.key.model]).model
                var model = models[name] ?? (0, 0, 0, ErrorSum(), join.units[series.key.model])
                if isCounted(series.key.model) { model.windows += series.live.windows }
                model.scored += series.live.scored[basis]
                model.correct += series.live.correct[basis]
                model.errors = model.errors + series.live.errors[basis]
                models[name] = model
            }
        }
        let edges = fleet.edges.filter { $0.site == site }
        return FleetSite(
            t: now,
            devices: FleetSummary.Population(
                known: known.count, online: known.filter { fleet.isOnline($0) == true }.count),
            edges: FleetSummary.Population(known: edges.count, online: edges.filter(fleet.isOnline).count),
            models: models.mapValues {
                Scorecard(
                    windows: $0.windows, scored: $0.scored,
                    accuracy: ScoreInterval(successes: $0.correct, trials: $0.errors.values > 0 ? 0 : $0.scored),
                    errors: $0.errors.errors(unit: $0.unit))
            })
    }

    mutating func summary(now: Double) -> FleetSummary {
        let counted = join.live.filter { isCounted($0.key.model) }.values
        let decisions = counted.reduce(0) { $0 + $1.decisions }
        let byCloud = counted.reduce(0) { $0 + $1.byCloud }
        let known = Set(fleet.devices.keys).union(join.series.indices.compactMap(device(of:)))
        let running = fleet.running
        return FleetSummary(
            t: now,
            devices: FleetSummary.Population(
                known: known.count, online: known.filter { fleet.isOnline($0) == true }.count),
            edges: FleetSummary.Population(
                known: fleet.edges.count, online: fleet.edges.filter(fleet.isOnline).count),
            windows: decisions, windowsPerSecond: fleet.rate.perSecond(now: now),
            firstInference: fleet.firstInference,
            decidedByCloud: decisions > 0 ? Double(byCloud) / Double(decisions) : 0, running: running,
            models: modelSummaries(running, now: now), bytes: fleet.movement.bytes, joules: energy.totals,
            jobs: fleet.jobs.reduce(into: [:]) { jobs, job in
                jobs[job.id] = FleetSummary.Job(
                    model: job.progress.model, phase: job.progress.phase,
                    fraction: max(0, min(1, job.progress.fraction)), secondsLeft: job.progress.secondsLeft)
            })
    }

    private func modelSummaries(
        _ running: [String: [String: Int]], now: Double
    ) -> [String: FleetSummary.Model] {
        let bases = bases
        var newest: [String: Int] = [:]
        for versions in running.values { newest.merge(versions, uniquingKeysWith: max) }
        var models: [String: FleetSummary.Model] = fleet.desired.mapValues { FleetSummary.Model(desired: $0) }
        for (model, version) in newest {
            var entry = models[model] ?? FleetSummary.Model()
            entry.version = version
            if let number = join.names.known(model), let version = Int32(exactly: version),
                let accuracy = accuracy(
                    VersionKey(model: number, version: version), basis: basis(number, bases), now: now)
            {
                entry.basis = accuracy.basis
                entry.scored = accuracy.scored
                entry.accuracy = accuracy.accuracy
                entry.errors = accuracy.errors
                entry.heads = accuracy.heads
                entry.teacher = accuracy.teacher
                entry.joulesPerInference = accuracy.joulesPerInference
                entry.joulesPerCorrect = accuracy.joulesPerCorrect
            }
            models[model] = entry
        }
        return models
    }
}
