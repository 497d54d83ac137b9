"""Runs our benchmarks and their peers in turn on this machine, prints a table and writes rows of JSON.

`./dev bench training|kernels|inference|delta [--json FILE] [--quick] [--document FILE]` calls this with the Python of the peers'
environment. A document's table between `<!-- NAME -->` and `<!-- /NAME -->` is written anew.
"""

import argparse
import datetime
import json
import math
import os
import platform
import statistics
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))


def lines_of(command):
    result = subprocess.run(command, capture_output=True, text=True)
    if result.returncode != 0:
        sys.exit(f"{' '.join(command)} failed:\n{result.stderr[-2000:]}")
    return [json.loads(line) for line in result.stdout.splitlines() if line.startswith("{")]


def machine():
    model = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), "")
    return f"{model or platform.machine()}, {os.cpu_count()} processors, {platform.system()} {platform.release()}"


def row(case, ours, peer, unit, goal, spread=""):
    return {"case": case, "ours": ours, "peer": peer, "unit": unit, "ratio": ours / peer, "goal": goal}, spread


def report(rows, path):
    print(f"\n{'case':<76} {'ours':>9} {'peer':>9} {'unit':<6} {'ratio':>6} {'goal':>5}  seen")
    for entry, seen in rows:
        goal = "" if entry["goal"] is None else f"{entry['goal']:.2f}"
        verdict = " MISSED" if entry["goal"] is not None and entry["ratio"] > entry["goal"] else ""
        print(
            f"{entry['case']:<76} {entry['ours']:>9.4g} {entry['peer']:>9.4g} {entry['unit']:<6} "
            f"{entry['ratio']:>6.3f} {goal:>5}  {seen}{verdict}")
    if path:
        with open(path, "w") as file:
            json.dump([entry for entry, _ in rows], file, indent=1)
            file.write("\n")


def document(rows, path, name, heading):
    """Puts the rows as a Markdown table between the marks of `name`."""
    text = open(path).read()
    opening, closing = f"<!-- {name} -->\n", f"<!-- /{name} -->"
    before, rest = text.split(opening)
    after = rest.split(closing)[1]
    table = ["| case | ours | peer | unit | ratio | goal | seen |", "| --- | ---: | ---: | --- | ---: | ---: | --- |"]
    for entry, seen in rows:
        goal = "" if entry["goal"] is None else f"{entry['goal']:.2f}"
        table.append(
            f"| {entry['case']} | {entry['ours']:.4g} | {entry['peer']:.4g} | {entry['unit']} | {entry['ratio']:.3f} | "
            f"{goal} | {seen} |")
    with open(path, "w") as file:
        file.write(before + opening + heading + "\n\n" + "\n".join(table) + "\n" + closing + after)


def spread(ratios):
    return f"{min(ratios):.3f}-{max(ratios):.3f} ({len(ratios)})"


class Training:
    """Whole trainings, each in a process of its own."""

    # Case on both sides, epochs, goal, and what of ours is compared with it: a name and the number of random copies of
    # each window that the teacher is asked about (0: a new one every epoch, as the peer).
    CASES = [
        ("teacher", 15, 0.6, [("teacher, 149 k parameters", 0)]),
        (
            "distilled", 40, 0.5,
            [("student distilled, teacher asked at every step", 0), ("student distilled, teacher's answers kept", 8)]),
        ("labels", 40, 1 / 3, [("student from labels alone", 0)]),
    ]

    def __init__(self, options):
        self.options = options
        self.windows = os.path.join(tempfile.mkdtemp(prefix="retort-bench-"), "windows")
        subprocess.run([options.ours, "windows", options.data, self.windows], check=True)

    def ours(self, case, epochs, copies, share=1.0):
        command = [self.options.ours, case, self.windows, str(epochs), "2", str(share), str(copies or epochs)]
        return lines_of(command)[0]

    def peer(self, case, epochs):
        command = [sys.executable, os.path.join(HERE, "peers/training.py"), case, "--windows", self.windows]
        return lines_of([*command, "--epochs", str(epochs)])[0]

    def rows(self):
        rows = []
        for case, epochs, goal, variants in self.CASES:
            epochs = epochs // 5 if self.options.quick else epochs
            copies = [math.ceil(count / 5) if self.options.quick else count for _, count in variants]
            runs = []
            for _ in range(self.options.repetitions):
                runs.append(([self.ours(case, epochs, count) for count in copies], self.peer(case, epochs)))
                print(f"{case}: ours {runs[-1][0]}, peer {runs[-1][1]}", file=sys.stderr, flush=True)
            for index, (name, _) in enumerate(variants):
                name = f"{name}, {epochs} epochs" + (f" over {copies[index]} random copies" if copies[index] else "")
                pairs = [(mine[index], theirs) for mine, theirs in runs]
                rows += self.compared(name, pairs, goal)
        return rows + self.linearity()

    @staticmethod
    def compared(name, pairs, goal):
        rows = []
        for key, label, unit, bound in [
            ("seconds", "", "s", goal), ("cpu", ": processor time", "CPU s", None),
            ("megabytes", ": peak private memory", "MiB", 0.25),
        ]:
            mine, theirs = (statistics.median(pair[side][key] for pair in pairs) for side in (0, 1))
            ratios = [pair[0][key] / pair[1][key] for pair in pairs]
            rows.append(row(name + label, mine, theirs, unit, bound, spread(ratios)))
        return rows

    def linearity(self):
        """Ours alone: what four times the windows or epochs cost, against four times the cost of one part."""
        rows = []
        for kind in ["windows", "epochs"]:
            costs = {}
            for factor in [1, 2, 4]:
                share, epochs = (0.25 * factor, 1) if kind == "windows" else (0.25, factor)
                runs = [self.ours("teacher", epochs, 0, share)["seconds"] for _ in range(3)]
                costs[factor] = statistics.median(runs)
            for factor in [2, 4]:
                rows.append(row(
                    f"teacher, {factor} times the {kind}: seconds against {factor} times once", costs[factor],
                    factor * costs[1], "s", 1.1))
        return rows


class Kernels:
    """Matrix products on one thread."""

    def __init__(self, options):
        self.options = options

    def rows(self):
        mine, peers = {}, {}
        for _ in range(self.options.repetitions):
            for line in lines_of([self.options.ours]):
                mine.setdefault((line["case"], line["level"]), []).append((line["rate"], line["peak"]))
            for line in lines_of([sys.executable, os.path.join(HERE, "peers/kernels.py")]):
                peers.setdefault((line["case"], line["peer"]), []).append(line["rate"])
        best = list(mine)[-1][1]
        rows = []
        for (case, level), rates in mine.items():
            rate, peak = (max(found[side] for found in rates) for side in (0, 1))
            # What is asked for is at least 70 % of the peak: as time, at most 1 / 0.7 of the peak's.
            asked = level == best and case in ("f32 product 64x128x576", "f32 product 256x256x256")
            if peak > 0:
                shares = [rate / peak for rate, peak in rates]
                seen = f"{rate:.1f} of {peak:.1f} Gop/s, {min(shares):.0%}-{max(shares):.0%} ({len(rates)})"
                name = f"{case}, {level}, against {'70 % of ' if asked else ''}the peak"
                rows.append((self.entry(name, rate, 0.7 * peak if asked else peak, 1 if asked else None), seen))
            if level != best:
                continue
            for (other, peer), found in peers.items():
                if other == case:
                    seen = f"{rate:.1f} against {max(found):.1f} Gop/s"
                    rows.append((self.entry(f"{case}, {level}, against {peer}", rate, max(found), None), seen))
        return rows

    @staticmethod
    def entry(case, rate, peer, goal):
        """Rates as picoseconds an operation, so that less is better as everywhere."""
        return {
            "case": case, "ours": 1000 / rate, "peer": 1000 / peer, "unit": "ps/op", "ratio": peer / rate, "goal": goal}


class Inference:
    """Windows of one thread, one at a time, on networks whose weights are drawn."""

    # Case on both sides, its name, and what the ratio to the fastest peer should be at most.
    CASES = [
        ("student f32", "student, 11.7 k parameters, f32", 0.40), ("student int8", "student, int8", 0.25),
        ("teacher f32", "teacher, 149 k parameters, f32", None), ("teacher int8", "teacher, int8", 0.80)]
    # Ways to run that only ours has, against one window at a time, all of it anew.
    VARIANTS = [
        ("f16 weights", "{} f16 weights", "{} f32"), ("int8, 8 windows a call", "{} int8, batch 8", "{} int8"),
        ("int8, 64 windows a call", "{} int8, batch 64", "{} int8"),
        ("f32, 8 windows a call", "{} f32, batch 8", "{} f32"), ("f32, 64 windows a call", "{} f32, batch 64", "{} f32"),
        *((f"{kind}, overlapping windows, step {step}", f"{{}} {kind}, step {step}", f"{{}} {kind}, step {step}, all anew")
          for kind in ("int8", "f32") for step in (8, 16, 40))]

    def __init__(self, options):
        self.options = options
        self.folder = tempfile.mkdtemp(prefix="retort-bench-")
        self.peer = [sys.executable, "-W", "ignore", os.path.join(HERE, "peers/inference.py")]
        subprocess.run([options.ours, "export", self.folder], check=True)

    def rows(self):
        mine, peers = {}, {}
        for _ in range(self.options.repetitions):
            for line in lines_of([self.options.ours, "time", self.folder]):
                mine.setdefault(line["case"], []).append(line["best"] / 1000)
            for line in lines_of([*self.peer, "time", self.folder]):
                peers.setdefault(line["case"], {}).setdefault(line["peer"], []).append(line["best"] / 1000)
        rows = []
        for case, name, goal in self.CASES:
            ranked = sorted(peers[case].items(), key=lambda item: min(item[1]))
            for place, (peer, times) in enumerate(ranked):
                rows.append(row(
                    f"{name}, against {peer}{' (the fastest)' if place == 0 else ''}", min(mine[case]), min(times), "us",
                    goal if place == 0 else None, spread([a / b for a, b in zip(mine[case], times)])))
        call = min(peers["a graph that does nothing"]["ONNX Runtime"])
        rows.append(row("student, int8, against a graph that does nothing in ONNX Runtime", min(mine["student int8"]), call, "us", None))
        for network in ("student", "teacher"):
            for name, case, base in self.VARIANTS:
                case, base = min(mine[case.format(network)]), min(mine[base.format(network)])
                rows.append(row(f"{network}, {name}, against ours one by one", case, base, "us", None))
        return rows + self.tail() + self.memory()

    def tail(self):
        found = [lines_of([self.options.ours, "tail", self.folder])[0] for _ in range(self.options.repetitions)]
        best = min(found, key=lambda line: line["p99.9"] / line["p50"])
        return [row(
            "student, int8, a million windows: 99.9th percentile against the median", best["p99.9"] / 1000, best["p50"] / 1000,
            "us", 3, f"p99 {best['p99'] / 1000:.2f}, most {best['most'] / 1000:.0f} us; "
            + spread([line["p99.9"] / line["p50"] for line in found]))]

    def memory(self):
        """Resident memory of a process that has inferred: our runner, and Python with ONNX Runtime."""
        file = os.path.join(self.folder, "student.int8.safetensors")
        model = os.path.join(self.folder, "student.onnx")
        subprocess.run([*self.peer, "export", file, model], check=True)
        mine = self.resident([self.options.runner, file], b"\0" * (4 * 600))
        peer = self.resident([*self.peer, "memory", model], b"")
        return [
            row(f"runner of one int8 student against Python with ONNX Runtime: {name}", mine[key], peer[key], "MiB", 0.10)
            for key, name in [("VmRSS", "resident memory"), ("RssAnon", "private memory")]]

    @staticmethod
    def resident(command, window):
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        process.stdin.write(window)
        process.stdin.flush()
        process.stdout.readline()
        found = {}
        for line in open(f"/proc/{process.pid}/status"):
            key, _, value = line.partition(":")
            if key in ("VmRSS", "RssAnon"):
                found[key] = int(value.split()[0]) / 1024
        process.stdin.close()
        process.wait()
        return found


class Delta:
    """Updates of students of wisdm-watch, sizes with all that travels; the codec's pace on students of 100 k weights."""

    # Updates of which a student was warm-started: the mean is over these.
    WARM = ["refresh", "people", "head"]
    NAMES = {
        "refresh": "light refresh on the same people", "people": "retrained with twelve new people",
        "head": "last layer alone", "scratch": "from scratch, not warm-started"}

    def __init__(self, options):
        self.options = options
        self.folder = options.updates or tempfile.mkdtemp(prefix="retort-bench-")
        if not options.updates:
            for seed in range(1, options.seeds + 1):
                subprocess.run(
                    [options.ours, "train", options.data, self.folder, str(seed)], check=True, stdout=sys.stderr)
        subprocess.run([options.ours, "large", self.folder], check=True)

    def path(self, name):
        return os.path.join(self.folder, f"{name}.safetensors")

    def sizes(self, base, target):
        """Of one update by every codec."""
        base, target = self.path(base), self.path(target)
        frame, scratch = target + ".frame", os.path.join(self.folder, "peer")
        found = lines_of([self.options.ours, "sizes", base, target, frame])[0]
        commands = {
            "zstd --patch-from": ["zstd", "-q", "-f", "--ultra", "-22", f"--patch-from={base}", target, "-o", scratch],
            "bsdiff": ["bsdiff", base, target, scratch],
            "xdelta3": ["xdelta3", "-f", "-e", "-9", "-S", "lzma", "-s", base, target, scratch]}
        for name, command in commands.items():
            subprocess.run(command, check=True, capture_output=True)
            found[name] = os.path.getsize(scratch)
        peer = [self.options.nncodec, "-W", "ignore", os.path.join(HERE, "peers/delta.py"), base, target]
        found["NNCodec"] = lines_of(peer)[0]["bytes"]
        return found

    def rows(self):
        seeds = range(1, self.options.seeds + 1)
        found = {kind: [self.sizes(f"base-{seed}", f"{kind}-{seed}-100") for seed in seeds] for kind in self.NAMES}
        warm = [sizes for kind in self.WARM for sizes in found[kind]]
        tools = ["zstd --patch-from", "bsdiff", "xdelta3"]
        best = min(tools, key=lambda tool: self.mean(warm, tool))
        rows = [
            self.compared("warm-started updates, geometric mean, against the best byte tool", warm, best, 0.85),
            *(self.compared("the same", warm, tool, None) for tool in tools if tool != best),
            self.compared("the same", warm, "NNCodec", 1.1),
            self.compared("the same, with what the weights' moves are worth in zeroth-order entropy", warm, "entropy", 1.1),
            self.compared("the same", warm, "full", 1.0)]
        for kind, name in self.NAMES.items():
            rows += [self.compared(name, found[kind], peer, None) for peer in [best, "NNCodec", "entropy", "full"]]
        return rows + self.large()

    @staticmethod
    def mean(sizes, key):
        return math.exp(statistics.fmean(math.log(entry[key]) for entry in sizes))

    def compared(self, name, sizes, peer, goal):
        labels = {"full": "the whole file in zstd", "entropy": "entropy"}
        ratios = [entry["bytes"] / entry[peer] for entry in sizes]
        return row(
            f"{name}: {labels.get(peer, peer)}", self.mean(sizes, "bytes"), self.mean(sizes, peer), "bytes", goal,
            spread(ratios))

    def large(self):
        rows = []
        for name, share in [("large-half", "half"), ("large-tenth", "a tenth")]:
            sizes = self.sizes("large-base", name)
            for peer, goal in [("bsdiff", 0.85), ("NNCodec", 1.1), ("entropy", 1.1)]:
                rows.append(self.compared(f"100 k weights, {share} moved by a step", [sizes], peer, goal))
            decoded = [
                lines_of([self.options.ours, "decode", self.path("large-base"), self.path(name) + ".frame"])[0]
                for _ in range(self.options.repetitions)]
            best = min(line["seconds"] for line in decoded)
            rows.append(row(f"the same: decoding, against 1 ms", 1000 * best, 1, "ms", 1))
            rows.append(row(
                "the same: memory of decoding, against 1 MiB", max(line["kilobytes"] for line in decoded) / 1024, 1, "MiB", 1))
        return rows


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("name", choices=["training", "kernels", "inference", "delta"])
    parser.add_argument("--ours", required=True, help="our executable")
    parser.add_argument("--runner", help="our executable that only infers")
    parser.add_argument("--data", help="folder of wisdm-watch")
    parser.add_argument("--nncodec", help="the Python that has NNCodec")
    parser.add_argument("--seeds", type=int, default=5, help="trainings of delta")
    parser.add_argument("--updates", metavar="FOLDER", help="students that an earlier run of delta trained")
    parser.add_argument("--json", metavar="FILE")
    parser.add_argument("--document", metavar="FILE", help="Markdown whose table is written anew")
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="a fifth of the epochs")
    options = parser.parse_args()
    heading = f"{machine()}, {datetime.date.today()}; load at the start {os.getloadavg()[0]:.1f}."
    print(heading)
    benchmark = {"training": Training, "kernels": Kernels, "inference": Inference, "delta": Delta}[options.name](options)
    rows = benchmark.rows()
    report(rows, options.json)
    if options.document:
        document(rows, options.document, options.name, heading)


main()
