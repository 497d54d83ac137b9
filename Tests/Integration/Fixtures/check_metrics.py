#!/usr/bin/env python3
"""Holds pages of /metrics against OpenMetrics, read strictly, and against the tables of docs/observability.md.

Each page is `name=file`. A metric that all pages have belongs to the table `every`, others to the table of their page.
With --write the tables are made anew; labels that no page shows are kept from the old ones.
"""
import argparse
import re
import sys

from prometheus_client.openmetrics.parser import text_string_to_metric_families

SUFFIX = {"counter": "_total", "info": "_info"}


def families(path):
    """Name as PromQL knows it, type, labels seen (None: no samples) and help of each metric of a page."""
    found = {}
    with open(path, encoding="utf-8") as file:
        for family in text_string_to_metric_families(file.read()):
            labels = None
            for sample in family.samples:
                own = [name for name in sample.labels if name != "le"]
                if labels is not None and own != labels:
                    sys.exit(f"{path}: {family.name}: lines with the labels {labels} and {own}")
                labels = own
            found[family.name + SUFFIX.get(family.type, "")] = (family.type, labels, family.documentation)
    return found


def rows(text, table):
    """Type, labels and help of each row of a table."""
    match = re.search(f"<!-- metrics: {table} -->\n(.*?)<!-- end -->", text, re.S)
    if not match:
        sys.exit(f"the document has no table between <!-- metrics: {table} --> and <!-- end -->")
    found = {}
    for line in match[1].splitlines()[2:]:
        name, kind, labels, help_ = [cell.strip() for cell in line.strip("|").split("|")]
        found[name.strip("`")] = (kind, [label.strip("` ") for label in labels.split(",") if label.strip()], help_)
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("document", help="docs/observability.md")
    parser.add_argument("pages", nargs="+", metavar="name=file")
    parser.add_argument("--write", action="store_true", help="make the tables anew")
    options = parser.parse_args()
    pages = dict(page.split("=", 1) for page in options.pages)
    pages = {name: families(path) for name, path in pages.items()}
    common = set.intersection(*(set(page) for page in pages.values()))
    tables = {"every": {name: next(iter(pages.values()))[name] for name in common}}
    for page, metrics in pages.items():
        tables[page] = {name: metric for name, metric in metrics.items() if name not in common}
    with open(options.document, encoding="utf-8") as file:
        text = file.read()
    faults = []
    for table, metrics in tables.items():
        old = rows(text, table)
        lines = ["| metric | type | labels | what it says |", "| --- | --- | --- | --- |"]
        for name, (kind, labels, help_) in sorted(metrics.items()):
            known = old.get(name)
            if not help_:
                faults.append(f"{name}: has no help")
            if labels is None:
                labels = known[1] if known else []
            if known != (kind, labels, help_):
                faults.append(f"{table}: {name} is {(kind, labels, help_)}, the document says {known}")
            lines.append(f"| `{name}` | {kind} | {', '.join(f'`{label}`' for label in labels)} | {help_} |")
        faults += [f"{table}: no page has {name}" for name in sorted(set(old) - set(metrics))]
        body = "\n".join(lines) + "\n"
        text = re.sub(
            f"(<!-- metrics: {table} -->\n).*?(<!-- end -->)", lambda match: match[1] + body + match[2], text,
            flags=re.S)
    if options.write:
        with open(options.document, "w", encoding="utf-8") as file:
            file.write(text)
        return 0
    print("\n".join(faults))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
