"""The few third-party packages that a program may import."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_file_location


class Finder:
    """Finds packages by name in their own folders, whatever else is installed beside them."""

    def __init__(self, folders: Mapping[str, str]) -> None:
        self._folders = folders

    def find_spec(self, name: str, path: object = None, target: object = None) -> ModuleSpec | None:
        """As the import system asks for it."""
        folder = self._folders.get(name)
        if folder is None:
            return None
        return spec_from_file_location(
            name, f"{folder}/__init__.py", submodule_search_locations=[folder]
        )
