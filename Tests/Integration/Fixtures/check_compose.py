#!/usr/bin/env python3
"""Holds the compose file's profile `observability` against Prometheus's configuration; needs no engine.

Where the compose plugin is there, it reads the file too, with the profile and without.
"""
import pathlib
import shutil
import subprocess
import sys

import yaml


def faults(folder):
    compose = yaml.safe_load((folder / "compose.yaml").read_text())
    services = compose["services"]
    observers = {name for name, service in services.items() if "observability" in service.get("profiles", [])}
    if observers != {"prometheus"}:
        yield f"the profile observability starts {sorted(observers)}"
        return
    prometheus = services["prometheus"]
    image = prometheus["image"].split(":-", 1)[-1].rstrip("}")
    if ":" not in image or image.endswith(":latest"):
        yield f"the image {image} is not pinned"
    mounts = dict(volume.split(":")[:2] for volume in prometheus["volumes"])
    for source, place in mounts.items():
        if source.startswith("./") and not (folder / source).exists():
            yield f"{source} is mounted and does not exist"
        if not source.startswith("./") and source not in compose["volumes"]:
            yield f"the volume {source} is not declared"
    wanted = next(line.split("=", 1)[1] for line in prometheus["command"] if line.startswith("--config.file="))
    source = next((source for source, place in mounts.items() if wanted.startswith(place + "/")), None)
    if source is None:
        yield f"{wanted} is not mounted"
        return
    configuration = folder / source / pathlib.Path(wanted).name
    scraped = yaml.safe_load(configuration.read_text())
    for rules in scraped["rule_files"]:
        if not (configuration.parent / rules).exists():
            yield f"the rules {rules} do not exist"
    for job in scraped["scrape_configs"]:
        for target in (target for group in job["static_configs"] for target in group["targets"]):
            host, port = target.split(":")
            service = services.get(host)
            if service is None or service.get("profiles"):
                yield f"{target} is no service of the cluster"
                continue
            environment = service["environment"]
            if environment.get("RETORT_HTTP_HOST") != "0.0.0.0" or environment.get("RETORT_HTTP_PORT") != port:
                yield f"{host} does not answer other containers on port {port}"
    for name, service in services.items():
        for port in service.get("ports", []):
            if not port.startswith("127.0.0.1:"):
                yield f"{name} publishes {port} beyond this machine"


def main():
    folder = pathlib.Path(sys.argv[1])
    found = list(faults(folder))
    plugin = shutil.which("docker") and subprocess.run(
        ["docker", "compose", "version"], capture_output=True, check=False).returncode == 0
    if plugin:
        for profile in ([], ["--profile", "observability"]):
            result = subprocess.run(
                ["docker", "compose", "-f", str(folder / "compose.yaml"), *profile, "config", "--services"],
                capture_output=True, text=True, check=False)
            if result.returncode:
                found.append(result.stderr)
            elif ("prometheus" in result.stdout.split()) != bool(profile):
                found.append(f"with {profile} the services are {result.stdout.split()}")
    print("\n".join(found))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
