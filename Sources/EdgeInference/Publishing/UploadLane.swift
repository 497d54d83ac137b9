import BusAPI
import JSON
import Logging
import ServiceRuntime
import Synchronization
import Telemetry

/// Publishes in order what must not be lost; while the broker is away it waits on disk, and is marked when sent later.
final class UploadLane: Sendable {
    private enum Event: Sendable {
        case message(BusMessage)
        /// The broker came or went, or it is time to look again.
        case wake
    }

    /// Seconds between looks at the spool while something waits in it.
    private static let lookDelay = 0.5

    private let context: ServiceContext
    private let traffic: Traffic
    private let mailbox: Mailbox<Event>
    private let isConnected = Flag()
    private let worker: Worker

    init(context: ServiceContext, limit: Int, spool: sending Spool, traffic: Traffic) {
        self.context = context
        self.traffic = traffic
        mailbox = Mailbox(limit: limit)
        worker = Worker(spool: spool, context: context, traffic: traffic, mailbox: mailbox, isConnected: isConnected)
    }

    func put(contentsOf messages: [BusMessage]) { mailbox.put(contentsOf: messages.map(Event.message)) }
    func finish() { mailbox.finish() }
    var depth: Int { mailbox.depth }

    func run() async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.watchBroker() }
            while let events = await mailbox.next() {
                if await worker.handle(events) {
                    group.addTask {
                        do { try await Task.sleep(for: .seconds(Self.lookDelay)) } catch { return }
                        await self.worker.lookAgain()
                        self.mailbox.put(.wake)
                    }
                }
            }
            await worker.close()
            group.cancelAll()
        }
    }

    private func watchBroker() async {
        for await change in context.bus.states() {
            isConnected.value = change == .connected
            mailbox.put(.wake)
        }
    }

    /// Owns the spool.
    private actor Worker {
        private let spool: Spool
        private let context: ServiceContext
        private let traffic: Traffic
        private let mailbox: Mailbox<Event>
        private let isConnected: Flag
        private var isLooking = false
        private var isFlushed = true
        private var flushed = 0.0
        private var spoolDropped = 0
        private var mailboxDropped = 0

        init(
            spool: sending Spool, context: ServiceContext, traffic: Traffic, mailbox: Mailbox<Event>, isConnected: Flag
        ) {
            self.spool = spool
            self.context = context
            self.traffic = traffic
            self.mailbox = mailbox
            self.isConnected = isConnected
        }

        /// - Returns: whether to come back after a while; asked once at a time.
        func handle(_ events: [Event]) async -> Bool {
            await take(events)
            await drain()
            if context.now() - flushed >= 1 { flush() }
            report()
            guard spool.count > 0 || !isFlushed, !isLooking else { return false }
            isLooking = true
            return true
        }

        func lookAgain() { isLooking = false }

        /// Brings to disk what could not be sent.
        func close() async {
            await take(mailbox.takeAll())
            await drain()
            flush()
            report()
        }

        private func flush() {
            flushed = context.now()
            guard !isFlushed else { return }
            do throws(EdgeError) {
                try spool.flush()
                isFlushed = true
            } catch { complain(error) }
        }

        private func take(_ events: [Event]) async {
            for event in events {
                guard case .message(let message) = event else { continue }
                if isConnected.value, spool.count == 0 {
                    guard await publish(message) == .failed else { continue }
                }
                keep(message)
            }
        }

        private func keep(_ message: BusMessage) {
            do throws(EdgeError) {
                try spool.append(Spool.Record(topic: message.topic, payload: message.payload))
                isFlushed = false
                context.board.count("spooled")
            } catch {
                context.board.count("dropped")
                context.board.count("uploadsDropped")
                complain(error)
            }
        }

        private func drain() async {
            while isConnected.value {
                let record: Spool.Record?
                do throws(EdgeError) { record = try spool.first() } catch { return complain(error) }
                guard let record else { return }
                let message = BusMessage(
                    topic: record.topic, payload: Self.marked(record.payload), qos: .atLeastOnce)
                switch await publish(message) {
                case .sent: context.board.count("resent")
                case .unsendable: break
                case .failed: return
                }
                do throws(EdgeError) { try spool.removeFirst() } catch { return complain(error) }
                let arrived = mailbox.takeAll()
                if !arrived.isEmpty { await take(arrived) }
            }
        }

        private enum Outcome { case sent, failed, unsendable }

        private func publish(_ message: BusMessage) async -> Outcome {
            do throws(BusError) {
                try await context.bus.publish(message)
                let bytes = message.topic.utf8.count + message.payload.count
                context.board.count("published")
                context.board.count(StatusMessage.uploadedBytes, by: bytes)
                traffic.sent(bytes, .uploads)
                return .sent
            } catch {
                if error.isRetriable { return .failed }
                context.board.count("dropped")
                context.board.count("uploadsDropped")
                context.logger.warning(
                    "An upload can never be sent", metadata: [EdgeLogKeys.error: "\(error)"])
                return .unsendable
            }
        }

        private func report() {
            context.board.set(
                "spool",
                .object([
                    "records": .integer(Int64(spool.count)), "bytes": .integer(Int64(spool.bytes)),
                    "limit": .integer(Int64(spool.limit)),
                ]))
            let lost = spool.dropped - spoolDropped + mailbox.dropped - mailboxDropped
            (spoolDropped, mailboxDropped) = (spool.dropped, mailbox.dropped)
            context.board.count("dropped", by: lost)
            context.board.count("uploadsDropped", by: lost)
        }

        private func complain(_ error: EdgeError) {
            context.board.count("spoolErrors")
            context.logger.error("The spool cannot be used", metadata: [EdgeLogKeys.error: "\(error)"])
        }

        /// The payload, a JSON object of ours, with `"resent":true` added.
        static func marked(_ payload: [UInt8]) -> [UInt8] {
            guard payload.last == UInt8(ascii: "}"), payload.count > 2 else { return payload }
            return payload.dropLast() + Array(",\"resent\":true}".utf8)
        }
    }
}
