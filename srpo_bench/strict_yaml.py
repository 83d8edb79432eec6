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


_MERGE = "tag:yaml.org,2002:merge"


def _name(key: yaml.Node) -> Any:
    """What makes two keys the same: a scalar's kind and text; nothing else is ever merged away."""
    return (key.tag, key.value) if isinstance(key, yaml.ScalarNode) else id(key)


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

    def flatten_mapping(self, node: yaml.MappingNode) -> None:
        """Put what ``<<`` merges before a mapping's own keys: of several mappings the first wins,
        and the mapping's own key over all. PyYAML 6.0.4 takes the last, or the first of one letter.
        """
        merged: dict[Any, tuple[yaml.Node, yaml.Node]] = {}
        own = [pair for pair in node.value if pair[0].tag != _MERGE]
        for key, value in node.value:
            if key.tag != _MERGE:
                continue
            for source in value.value if isinstance(value, yaml.SequenceNode) else [value]:
                if not isinstance(source, yaml.MappingNode):
                    raise yaml.MarkedYAMLError(
                        problem="'<<' merges mappings only", problem_mark=source.start_mark
                    )
                self.flatten_mapping(source)
                for pair in source.value:
                    merged.setdefault(_name(pair[0]), pair)
        names = {_name(key) for key, _ in own}
        node.value = [pair for name, pair in merged.items() if name not in names] + own


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
