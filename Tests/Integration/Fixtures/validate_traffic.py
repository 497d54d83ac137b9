#!/usr/bin/env python3
"""Validates captured bus traffic against docs/asyncapi.yaml.

A capture has one message a line: `topic hexpayload`, or JSON `{"topic": ..., "payload": text or JSON value}`.
Prints how often each channel was seen and the first failures; exits 1 on any failure or unknown topic.
"""
import argparse
import json
import re
import sys

import jsonschema
import yaml


def channels(document, root):
    """Pattern, name, content type and validator of each channel."""
    schemas = document["components"]["schemas"]
    found = []
    for name, channel in document["channels"].items():
        address = channel["address"].removeprefix("{root}/")
        pattern = "/".join(
            "[a-z0-9._-]+" if level.startswith("{") else re.escape(level) for level in address.split("/"))
        message = document["components"]["messages"][name]
        schema = {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            **message["payload"],
            "components": {"schemas": schemas},
        }
        jsonschema.Draft202012Validator.check_schema(schema)
        found.append((
            re.compile(re.escape(root) + "/" + pattern + "$"), name, message.get("contentType", "application/json"),
            jsonschema.Draft202012Validator(schema)))
    return found


def messages(path):
    """Topic and payload bytes of each line."""
    with sys.stdin if path == "-" else open(path, encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            line = line.strip()
            if not line:
                continue
            try:
                if line.startswith("{"):
                    entry = json.loads(line)
                    payload = entry["payload"]
                    text = payload if isinstance(payload, str) else json.dumps(payload)
                    yield number, entry["topic"], text.encode()
                else:
                    topic, _, text = line.partition(" ")
                    yield number, topic, bytes.fromhex(text)
            except (ValueError, KeyError) as error:
                sys.exit(f"line {number} of the capture cannot be read: {error}")


def no_constant(word):
    raise ValueError(f"{word} is no JSON number")


def complaint(channel, payload):
    """What is wrong with a payload; None where nothing is. An empty payload takes a retained message back."""
    _, _, content, validator = channel
    if not payload or content == "application/octet-stream":
        return None
    try:
        text = payload.decode("utf-8")
        value = text if content == "text/plain" else json.loads(text, parse_constant=no_constant)
    except ValueError as error:
        return str(error)
    error = jsonschema.exceptions.best_match(validator.iter_errors(value))
    return None if error is None else f"{error.json_path}: {error.message[:300]}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("contract", help="docs/asyncapi.yaml")
    parser.add_argument("capture", help="file of messages, - for standard input")
    parser.add_argument("--root", default="retort/v1", help="levels before every topic (default: %(default)s)")
    options = parser.parse_args()
    with open(options.contract, encoding="utf-8") as file:
        known = channels(yaml.safe_load(file), options.root)
    seen = {}
    failures = []
    for number, topic, payload in messages(options.capture):
        channel = next((each for each in known if each[0].match(topic)), None)
        if channel is None:
            failures.append(f"line {number}: {topic}: no channel has this topic")
            continue
        seen[channel[1]] = seen.get(channel[1], 0) + 1
        fault = complaint(channel, payload)
        if fault:
            failures.append(f"line {number}: {topic}: {fault}")
    for name, count in sorted(seen.items()):
        print(f"{count:8} {name}")
    print("not seen:", ", ".join(sorted(set(each[1] for each in known) - set(seen))) or "none")
    for failure in failures[:20]:
        print(failure)
    print(f"{sum(seen.values())} messages, {len(failures)} failures")
    if not seen:
        print("the capture holds no message")
    return 1 if failures or not seen else 0


if __name__ == "__main__":
    sys.exit(main())
