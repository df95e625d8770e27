"""Validates policies against a JSON Schema with the Python library jsonschema.

Usage: validate-schema.py SCHEMA FILE ...
Prints one line for each file: "accepted FILE" or "rejected FILE: REASON".
"""
import json
import re
import sys

import jsonschema
import yaml


class Loader(yaml.SafeLoader):
    """Reads YAML as editors do: times are strings, and duplicate keys are errors."""

    def construct_mapping(self, node, deep=False):
        keys = [key.value for key, _ in node.value]
        if len(set(keys)) < len(keys):
            raise yaml.YAMLError("duplicate key")
        return super().construct_mapping(node, deep)


# As in YAML 1.2: times are strings, and only true and false are booleans, so that the key "on" is a string.
Loader.yaml_implicit_resolvers = {
    first: [(tag, regexp) for tag, regexp in resolvers if tag.split(":")[-1] not in ("timestamp", "bool")]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile("^(true|false)$"), list("tf"))

with open(sys.argv[1]) as file:
    schema = json.load(file)
jsonschema.Draft202012Validator.check_schema(schema)
validator = jsonschema.Draft202012Validator(schema)
for name in sys.argv[2:]:
    try:
        with open(name) as file:
            policy = yaml.load(file, Loader)
    except yaml.YAMLError as error:
        print(f"rejected {name}: not YAML: {str(error).splitlines()[0]}")
        continue
    errors = sorted(validator.iter_errors(policy), key=lambda error: list(map(str, error.path)))
    if errors:
        location = "/".join(map(str, errors[0].path))
        print(f"rejected {name}: {location}: {errors[0].message[:100]}")
    else:
        print(f"accepted {name}")
