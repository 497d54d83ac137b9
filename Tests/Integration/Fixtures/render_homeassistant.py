"""Renders the templates of a Home Assistant device description on the messages that were really published.

Reads {"config": the discovery payload, "topics": {topic: last payload}}; exits 1 where a template fails, a topic was never
published, or a sensor's value is none of its options or no number.
"""

import json
import sys

import jinja2

environment = jinja2.Environment(undefined=jinja2.StrictUndefined)


def fault(name, component, topics):
    topic = component.get("state_topic")
    if topic not in topics:
        return f"nothing was published on {topic}"
    payload = topics[topic]
    template = component.get("value_template")
    if template is None:
        return None
    try:
        value = environment.from_string(template).render(value_json=json.loads(payload), value=payload)
    except (jinja2.TemplateError, ValueError) as error:
        return f"{template}: {error}"
    print(f"{name}: {value}")
    if "options" in component and value not in component["options"]:
        return f"{value} is none of {component['options']}"
    if "unit_of_measurement" in component:
        try:
            float(value)
        except ValueError:
            return f"{value} is no number"
    return None


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        given = json.load(file)
    faults = []
    for name, component in given["config"]["components"].items():
        found = fault(name, component, given["topics"])
        if found:
            faults.append(f"{name}: {found}")
    for line in faults:
        print(line, file=sys.stderr)
    sys.exit(1 if faults else 0)


main()
