"""The edge's work in Python: paho-mqtt decodes telemetry, numpy cuts windows and runs a student of the same size.

Usage: edge.py mqtt://HOST:PORT SITE. Publishes each inference, and its counters as edge-inferencer does.
"""

import json
import os
import sys
import threading
import time
from collections import defaultdict
from urllib.parse import urlparse

import numpy as np
import paho.mqtt.client as mqtt

ROOT = "retort/v1"
CHANNELS, WINDOW, STEP, RATE, CLASSES = 6, 100, 50, 20, 18


class Student:
    """Three stride-2 convolutions of kernel 5, mean over time, one dense layer: matrix products over strided views."""

    def __init__(self):
        random = np.random.default_rng(1)
        sizes = [CHANNELS, 12, 16, 24]
        self.layers = [
            (random.normal(0, 0.2, (5 * a, b)).astype(np.float32), random.normal(0, 0.2, b).astype(np.float32))
            for a, b in zip(sizes, sizes[1:])
        ]
        self.dense = random.normal(0, 0.2, (24, CLASSES)).astype(np.float32)

    def __call__(self, window):
        x = np.ascontiguousarray(window / 5, dtype=np.float32)
        for weight, bias in self.layers:
            steps, channels = x.shape
            x = np.pad(x, ((2, 2), (0, 0)))
            rows = np.lib.stride_tricks.as_strided(
                x, ((steps + 1) // 2, 5 * channels), (2 * x.strides[0], x.strides[1]))
            x = np.maximum(rows @ weight + bias, 0)
        logits = x.mean(0) @ self.dense
        e = np.exp(logits - logits.max())
        return e / e.sum()


class Edge:
    def __init__(self, client, site):
        self.client, self.site, self.student = client, site, Student()
        self.buffers = {}
        self.counters = defaultdict(int)
        self.started = time.time()

    def receive(self, _client, _data, message):
        self.counters["received"] += 1
        sample = json.loads(message.payload)
        values = np.asarray(sample["values"], dtype=np.float32)
        first = round(sample["t"] * RATE)
        device = message.topic.rsplit("/", 1)[1]
        start, buffer = self.buffers.get(device, (None, None))
        if start is None or first != start + len(buffer):
            start, buffer = first, values
        else:
            buffer = np.concatenate([buffer, values])
        while len(buffer) >= WINDOW:
            skip = -start % STEP
            if len(buffer) < skip + WINDOW:
                break
            self.decide(device, start + skip, buffer[skip : skip + WINDOW])
            start, buffer = start + skip + STEP, buffer[skip + STEP :]
        self.buffers[device] = (start, buffer)

    def decide(self, device, start, window):
        began = time.perf_counter()
        probabilities = self.student(window)
        label = int(probabilities.argmax())
        self.counters["inferences"] += 1
        at = start / RATE
        self.client.publish(
            f"{ROOT}/inference/{self.site}/{device}/activity",
            json.dumps({
                "t": time.time(), "window": f"{device}@{at:.3f}", "from": at, "to": at + WINDOW / RATE, "edge": "peer",
                "version": 1, "revision": 0, "label": str(label), "confidence": round(float(probabilities[label]), 4),
                "decidedBy": "edge", "filledChannels": [],
                "latencyUs": round((time.perf_counter() - began) * 1e6, 1)}))

    def report(self):
        while True:
            self.client.publish(
                f"{ROOT}/status/edge-peer/peer",
                json.dumps({
                    "t": time.time(), "session": str(os.getpid()), "boot": "peer", "version": "1", "host": "peer",
                    "started": self.started, "counters": dict(self.counters), "details": {}}))
            time.sleep(5)


def main():
    url, site = urlparse(sys.argv[1]), sys.argv[2]
    client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id="edge-peer")
    edge = Edge(client, site)
    client.on_message = edge.receive
    client.on_connect = lambda client, *_: client.subscribe(f"{ROOT}/telemetry/{site}/+", qos=0)
    client.connect(url.hostname, url.port)
    threading.Thread(target=edge.report, daemon=True).start()
    client.loop_forever()


main()
