"""YAML as version 1.2 has it. PyYAML follows 1.1 and says nothing: a key that stands twice loses
whole sections of settings, 010 is 8, 1:30 is 90, yes is true and 1e-4 is no number."""

from __future__ import annotations

import re
from typing import Any

import yaml

KINDS = {
    "bool": r"true|True|TRUE|false|False|FALSE",
    "int": r"[-+]?(0|[1-9][0-9]*)",
    "float": r"[-+]?(\.[0-9]+|[0-9]+\.[0-9]*)([eE][-+]?[0-9]{1,3})?|[-+]?[0-9]+[eE][-+]?[0-9]{1,3}"
    r"|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)",
}
"""What is read as a truth or a number; whatever else looks like one is a text."""


class _Loader(yaml.SafeLoader):
    def compose_mapping_node(self, anchor: Any) -> yaml.MappingNode:
        node = super().compose_mapping_node(anchor)
        seen: set[str] = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode):
                if key.value in seen:
                    raise yaml.MarkedYAMLError(
                        problem=f"'{key.value}' stands twice in one mapping",
                        problem_mark=key.start_mark,
                    )
                seen.add(key.value)
        return node


_Loader.yaml_implicit_resolvers = {
    first: [(tag, form) for tag, form in kinds if tag.rpartition(":")[2] not in KINDS]
    for first, kinds in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
for _kind, _form in KINDS.items():
    _Loader.add_implicit_resolver(
        f"tag:yaml.org,2002:{_kind}", re.compile(f"^({_form})$"), list("-+.0123456789tTfF")
    )


def load(text: str | bytes) -> Any:
    """The value of a YAML text.

    Raises:
        yaml.YAMLError: it is none.
    """
    return yaml.load(text, Loader=_Loader)
