"""The aggregator's work in Python: paho-mqtt decodes decisions and truths, dictionaries count, sqlite3 keeps.

Usage: aggregation.py mqtt://HOST:PORT FILE.sqlite. Counts each window once, scores it by the device's truth, keeps every
decision and its minute's counts in SQLite twice a second, and publishes how many it has counted once a second.
"""

import json
import os
import sqlite3
import sys
import threading
import time
from collections import OrderedDict, defaultdict
from urllib.parse import urlparse

import paho.mqtt.client as mqtt

ROOT = "retort/v1"
HELD = 100_000


class Aggregator:
    def __init__(self, client, path):
        self.client = client
        self.lock = threading.Lock()
        self.database = sqlite3.connect(path, check_same_thread=False)
        self.database.executescript(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;"
            "CREATE TABLE record(device TEXT, window TEXT, version INTEGER, label TEXT, confidence REAL, latency REAL,"
            " truth TEXT, PRIMARY KEY(device, window)) WITHOUT ROWID;"
            "CREATE TABLE minute(subject TEXT, minute INTEGER, decisions INTEGER, scored INTEGER, correct INTEGER,"
            " PRIMARY KEY(subject, minute)) WITHOUT ROWID;")
        self.truths = defaultdict(list)
        self.held = OrderedDict()
        self.rows = []
        self.minutes = defaultdict(lambda: [0, 0, 0])
        self.decisions = 0
        self.started = time.time()

    def receive(self, _client, _data, message):
        body = json.loads(message.payload)
        parts = message.topic.split("/")[2:]
        device = "/".join(parts[1:3])
        with self.lock:
            if parts[0] == "truth":
                self.truths[device].append((body["from"], body["to"], body["label"]))
            elif parts[0] == "inference":
                self.decide(device, body)

    def decide(self, device, body):
        key = (device, body["window"])
        if key in self.held:
            return
        self.held[key] = body["label"]
        if len(self.held) > HELD:
            self.held.popitem(last=False)
        truth = next((label for a, b, label in self.truths[device] if a <= body["from"] and body["to"] <= b), None)
        minute = int(body["t"] // 60)
        site = device.split("/")[0]
        for subject in (device, site, body["edge"], f"v{body['version']}", "fleet"):
            counts = self.minutes[subject, minute]
            counts[0] += 1
            if truth is not None:
                counts[1] += 1
                counts[2] += truth == body["label"]
        self.rows.append((
            device, body["window"], body["version"], body["label"], body["confidence"], body["latencyUs"], truth))
        self.decisions += 1

    def store(self):
        while True:
            time.sleep(0.5)
            with self.lock:
                rows, self.rows = self.rows, []
                minutes, self.minutes = self.minutes, defaultdict(lambda: [0, 0, 0])
            with self.database:
                self.database.executemany("INSERT OR IGNORE INTO record VALUES(?, ?, ?, ?, ?, ?, ?)", rows)
                self.database.executemany(
                    "INSERT INTO minute VALUES(?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET"
                    " decisions = decisions + excluded.decisions, scored = scored + excluded.scored,"
                    " correct = correct + excluded.correct",
                    [(subject, minute, *counts) for (subject, minute), counts in minutes.items()])

    def report(self):
        while True:
            self.client.publish(
                f"{ROOT}/status/aggregator-peer/peer",
                json.dumps({
                    "t": time.time(), "session": str(os.getpid()), "boot": "peer", "version": "1", "host": "peer",
                    "started": self.started, "counters": {"decisions": self.decisions}, "details": {}}))
            time.sleep(1)


def main():
    url = urlparse(sys.argv[1])
    client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id="aggregator-peer")
    aggregator = Aggregator(client, sys.argv[2])
    client.on_message = aggregator.receive
    client.on_connect = lambda client, *_: client.subscribe(
        [(f"{ROOT}/{kind}/#", 0) for kind in ("inference", "truth", "verdict")])
    client.connect(url.hostname, url.port)
    for work in (aggregator.store, aggregator.report):
        threading.Thread(target=work, daemon=True).start()
    client.loop_forever()


main()
