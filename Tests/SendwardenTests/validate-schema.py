"""Validates policies against a JSON Schema with the Python library jsonschema.

Usage: validate-schema.py SCHEMA FILE ...
Prints a line for each file: "accepted FILE", or "rejected FILE: why".
"""
import json
import re
import sys

import jsonschema
import yaml


class Loader(yaml.SafeLoader):
    """Reads YAML as editors do: times stay texts, and a key stands once."""

    def construct_mapping(self, node, deep=False):
        keys = [key.value for key, _ in node.value]
        if len(set(keys)) < len(keys):
            raise yaml.YAMLError("a key is given twice")
        return super().construct_mapping(node, deep)


# As YAML 1.2 has it: times are texts, and only true and false are truths, so that the key "on" is a word.
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
        place = "/".join(map(str, errors[0].path))
        print(f"rejected {name}: {place}: {errors[0].message[:100]}")
    else:
        print(f"accepted {name}")
