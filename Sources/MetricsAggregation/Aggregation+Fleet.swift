import Telemetry

/// What is said of devices, edges, sites and the fleet.
extension Aggregation {
    /// The figures of one subject for one model, whole.
    ///
    /// - Parameter isLenient: whether labels count where this subject has no truth, though the model has.
    private func card(
        _ kind: Subject.Kind, _ name: Int32, model: Int32, _ bases: [Int32: Basis], isLenient: Bool = false
    ) -> Scorecard {
        let parts = (heads[model] ?? [model]).map { join.book[Subject(kind: kind, name: name, model: $0)] ?? Tally() }
        var basis = basis(model, bases)
        if isLenient, parts.allSatisfy({ $0.truth.scored == 0 }) { basis = .label }
        return Scorecard(
            parts: parts, use: join.book[Subject(kind: kind, name: name, model: model)] ?? Tally(), basis: basis,
            unit: join.units[model])
    }

    /// Windows of all models, and what is no single model's: joules and bytes.
    private func figures(_ kind: Subject.Kind, _ name: Int32?, _ models: [Int32]) -> Scorecard {
        guard let name else { return Scorecard() }
        var card = Scorecard(
            use: join.book[Subject(kind: kind, name: name, model: Subject.allModels)] ?? Tally())
        card.windows = models.reduce(0) {
            $0 + (join.book[Subject(kind: kind, name: name, model: counted($1))]?.decisions ?? 0)
        }
        return card
    }

    func deviceSummary(
        _ device: DeviceID, _ bases: [Int32: Basis], _ series: [Int], now: Double
    ) -> FleetDevice {
        var models: [String: FleetDevice.Model] = [:]
        for index in series.sorted() {
            let series = join.series[index]
            guard let last = series.last else { continue }
            let (name, head) = Self.parts(join.names[series.key.model])
            let whole = wholes[series.key.model] ?? series.key.model
            var model =
                models[name]
                ?? FleetDevice.Model(
                    version: Int(last.version), to: Double(last.to) / 1_000_000,
                    card: card(.device, series.key.device, model: whole, bases, isLenient: true))
            switch last.answer {
            case .label(let label):
                if let head {
                    model.heads[head] = String(join.names[label].dropFirst(head.count + 1))
                } else {
                    model.label = join.names[label]
                    model.confidence = Double(last.confidence)
                }
            case .value(let value):
                model.value = value
                model.unit = join.units[series.key.model]
            case .none, .mixed: break
            }
            models[name] = model
        }
        let state: FleetDevice.State = fleet.isOnline(device).map { $0 ? .online : .offline } ?? .unknown
        return FleetDevice(t: now, state: state, models: models, battery: fleet.batteries[device])
    }

    func edgeSummary(
        _ edge: EdgeID, _ devices: Int, _ models: [Int32], _ bases: [Int32: Basis], now: Double
    ) -> FleetEdge {
        let number = join.names.known(edge.description)
        let installed = fleet.installed[edge] ?? [:]
        var said: [String: FleetEdge.Model] = installed.mapValues {
            FleetEdge.Model(version: $0.running, desired: $0.desired, previous: $0.previous, state: $0.state)
        }
        for model in models {
            guard let number, join.book.known(Subject(kind: .edge, name: number, model: counted(model))) != nil else {
                continue
            }
            said[join.names[model], default: FleetEdge.Model()].card = card(.edge, number, model: model, bases)
        }
        return FleetEdge(
            t: now, state: fleet.edgeServices[edge.edge].map { $0 ? .online : .offline } ?? .unknown,
            devices: devices, models: said, figures: figures(.edge, number, models))
    }

    func siteSummary(
        _ site: String, _ known: [DeviceID], _ models: [Int32], _ bases: [Int32: Basis], now: Double
    ) -> FleetSite {
        let number = join.names.known(site)
        let edges = fleet.edges.filter { $0.site == site }
        var cards: [String: Scorecard] = [:]
        for model in models {
            guard let number, join.book.known(Subject(kind: .site, name: number, model: counted(model))) != nil else {
                continue
            }
            cards[join.names[model]] = card(.site, number, model: model, bases)
        }
        return FleetSite(
            t: now,
            devices: FleetSummary.Population(
                known: known.count, online: known.filter { fleet.isOnline($0) == true }.count),
            edges: FleetSummary.Population(known: edges.count, online: edges.filter(fleet.isOnline).count),
            models: cards, figures: figures(.site, number, models))
    }

    mutating func summary(now: Double) -> FleetSummary {
        let counted = Set(join.versions.map(\.model)).filter(isCounted).compactMap {
            join.book[Subject(kind: .fleet, name: 0, model: $0)]
        }
        let decisions = counted.reduce(0) { $0 + $1.decisions }
        let byCloud = counted.reduce(0) { $0 + $1.byCloud }
        let known = Set(fleet.devices.keys).union(join.series.compactMap { device(named: $0.key.device) })
            .subtracting(fleet.forgotten)
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
