"""Trains the teacher or the student in PyTorch on the CPU: the peer of `training-benchmark`.

Same networks, windows, batch, epochs, threads, optimiser, schedule, losses and random changes as ours. Reads the file of
windows that `training-benchmark windows` writes and prints one line of JSON.
"""

import argparse
import json
import math
import time

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

CLASSES_OF_FILE = 4  # int32 fields of the header: windows, samples, channels, classes


def read_windows(path):
    header = np.fromfile(path, dtype="<i4", count=CLASSES_OF_FILE)
    count, samples, channels, classes = (int(v) for v in header)
    offset = header.nbytes
    labels = np.fromfile(path, dtype="<i4", count=count, offset=offset)
    offset += labels.nbytes
    values = np.fromfile(path, dtype="<f4", offset=offset).reshape(count, samples, channels)
    return values, labels, classes


def convolution(inputs, filters, stride=1):
    # Batch norm follows and takes any bias away again.
    return [nn.Conv1d(inputs, filters, 5, stride=stride, padding=2, bias=False), nn.BatchNorm1d(filters), nn.ReLU()]


def teacher(channels, classes):
    return nn.Sequential(
        *convolution(channels, 64), *convolution(64, 64), nn.MaxPool1d(2), *convolution(64, 128), nn.MaxPool1d(2),
        *convolution(128, 128), nn.AdaptiveAvgPool1d(1), nn.Flatten(), nn.Dropout(0.3), nn.Linear(128, classes))


def student(channels, classes):
    return nn.Sequential(
        *convolution(channels, 16, 2), *convolution(16, 32, 2), *convolution(32, 48, 2), nn.AdaptiveAvgPool1d(1),
        nn.Flatten(), nn.Linear(48, classes))


def changed(x, deviations, generator):
    """Random changes of raw windows (batch x samples x channels): rotation of both 3-axis groups together by up to 0.35
    radians, half a turn for three in ten, scaling and jitter."""
    count = x.shape[0]
    axis = F.normalize(torch.randn(count, 3, generator=generator), dim=1)
    turn = 0.35 * torch.rand(count, generator=generator)
    cosine, sine = torch.cos(turn)[:, None, None], torch.sin(turn)[:, None, None]
    a, b, c = axis.unbind(1)
    zero = torch.zeros_like(a)
    cross = torch.stack([zero, -c, b, c, zero, -a, -b, a, zero], 1).view(-1, 3, 3)
    rotation = cosine * torch.eye(3) + sine * cross + (1 - cosine) * axis[:, :, None] * axis[:, None, :]
    half = torch.where(torch.rand(count, 1, 1, generator=generator) < 0.3, torch.tensor([-1.0, -1.0, 1.0]), 1.0)
    rotation = rotation * half * (1 + 0.1 * torch.randn(count, 1, 1, generator=generator))
    groups = x.view(count, -1, 2, 3)
    turned = torch.einsum("bij,btgj->btgi", rotation, groups).reshape(x.shape)
    return turned + 0.02 * deviations * torch.randn(x.shape, generator=generator)


def rate(progress, peak, warm_up=0.15, final=0.002):
    if progress < warm_up:
        return peak * (0.1 + 0.9 * progress / warm_up)
    share = (progress - warm_up) / (1 - warm_up)
    return peak * (final + (1 - final) * 0.5 * (1 + math.cos(math.pi * share)))


def train(network, values, labels, epochs, peak, decay, loss_of, augment, seed=1, batch=64):
    torch.manual_seed(seed)
    generator = torch.Generator().manual_seed(seed)
    mean = values.mean((0, 1))
    deviations = values.std((0, 1))
    weights = [p for p in network.parameters() if p.dim() > 1]
    others = [p for p in network.parameters() if p.dim() <= 1]
    optimiser = torch.optim.AdamW(
        [{"params": weights, "weight_decay": decay}, {"params": others, "weight_decay": 0}], lr=peak)
    network.train()
    steps = len(labels) // batch
    mean_loss = 0.0
    for epoch in range(epochs):
        order = torch.randperm(len(labels), generator=generator)
        total = 0.0
        for step in range(steps):
            for group in optimiser.param_groups:
                group["lr"] = rate((epoch * steps + step) / (epochs * steps), peak)
            chosen = order[step * batch:(step + 1) * batch]
            x = values[chosen]
            if augment:
                x = changed(x, deviations, generator)
            x = ((x - mean) / deviations).transpose(1, 2).contiguous()
            optimiser.zero_grad(set_to_none=True)
            loss = loss_of(network(x), x, labels[chosen])
            loss.backward()
            optimiser.step()
            total += loss.item()
        mean_loss = total / steps
    return mean_loss


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("case", choices=["teacher", "distilled", "labels"])
    parser.add_argument("--windows", required=True)
    parser.add_argument("--epochs", type=int, required=True)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--share", type=float, default=1, help="of the windows")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(1)
    values, labels, classes = read_windows(options.windows)
    count = int(len(labels) * options.share)
    values, labels = torch.from_numpy(values[:count]), torch.from_numpy(labels[:count]).long()

    def smoothed(logits, x, targets):
        return F.cross_entropy(logits, targets, label_smoothing=0.1)

    def hard(logits, x, targets):
        return F.cross_entropy(logits, targets)

    # Its answers cost the same whatever it has learnt.
    master = teacher(values.shape[2], classes).eval()

    def distilled(logits, x, targets, temperature=3.0, alpha=0.8):
        with torch.no_grad():
            verdict = master(x)
        soft = F.kl_div(
            F.log_softmax(logits / temperature, 1), F.softmax(verdict / temperature, 1), reduction="batchmean")
        return alpha * temperature**2 * soft + (1 - alpha) * F.cross_entropy(logits, targets)

    began, used = time.perf_counter(), time.process_time()
    if options.case == "teacher":
        loss = train(teacher(values.shape[2], classes), values, labels, options.epochs, 8e-3, 0.05, smoothed, False)
    else:
        loss_of = hard if options.case == "labels" else distilled
        loss = train(student(values.shape[2], classes), values, labels, options.epochs, 2e-2, 0.01, loss_of, True)
    seconds, cpu = time.perf_counter() - began, time.process_time() - used
    fields = dict(line.split(":", 1) for line in open("/proc/self/status"))
    kilobytes = {name: int(fields[name].split()[0]) for name in ("VmHWM", "RssFile", "RssShmem")}
    private = kilobytes["VmHWM"] - kilobytes["RssFile"] - kilobytes["RssShmem"]
    print(json.dumps({"seconds": seconds, "cpu": cpu, "megabytes": private / 1024, "loss": loss, "windows": count}))


main()
