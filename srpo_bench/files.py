"""A file that is a plug-in: ``mine.py:Winners``, named by who runs it.

It is the user's own code, so it is imported, but only where somebody has named it. One file is one
plug-in: what lies beside it is not imported, and its digest stands for its content.
"""

from __future__ import annotations

import hashlib
import importlib.util
import re
import sys
from collections.abc import Sequence
from importlib.abc import SourceLoader
from pathlib import Path
from types import ModuleType
from typing import Any

REFERENCE = re.compile(r"(?P<path>[^=+]+\.py):(?P<attribute>[A-Za-z_]\w*)")
"""``path/to/mine.py:Winners``. Arms are written with ``=`` and ``+``, so no path may hold them."""


class FileError(ValueError):
    """A file that cannot be used; the message is one sentence."""


class _Source(SourceLoader):
    """Runs the very bytes that were digested, and leaves nothing in a cache."""

    def __init__(self, path: Path, data: bytes) -> None:
        self.path, self.data = path, data

    def get_filename(self, fullname: str) -> str:
        return str(self.path)

    def get_data(self, path: str | bytes) -> bytes:
        if str(path) != str(self.path):
            raise OSError("no cache")
        return self.data


def read(path: Path) -> bytes:
    """A file's bytes.

    Raises:
        FileError: it cannot be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise FileError(f"Cannot read {path}: {error.strerror}.") from error


def digest(folder: Path, names: Sequence[str]) -> str:
    """sha256 of files of a folder, names and contents.

    Raises:
        FileError: one of them cannot be read.
    """
    total = hashlib.sha256()
    for name in names:
        data = read(folder / name)
        total.update(f"{name}\0{len(data)}\0".encode() + data)
    return total.hexdigest()


def load(path: Path, attribute: str, fault: type[Exception] = FileError) -> Any:
    """What a Python file calls ``attribute``. One content is one module, however often it is asked.

    Raises:
        ``fault``: it cannot be read or imported, or has nothing of that name.
    """
    try:
        module = _module(path)
    except FileError as error:
        raise fault(str(error)) from error
    if not hasattr(module, attribute):
        raise fault(f"{path} has nothing called {attribute!r}.")
    return getattr(module, attribute)


def _module(path: Path) -> ModuleType:
    data = read(path)
    name = f"bench_file_{hashlib.sha256(data).hexdigest()[:16]}"
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_loader(name, _Source(path, data))
    if spec is None or spec.loader is None:  # never, with a loader of our own
        raise FileError(f"{path} is no Python file.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:  # somebody's code may fail in any way
        del sys.modules[name]
        hint = (
            "; a plug-in is one file, and one that needs others is a package (docs/plugins.md)"
            if isinstance(error, ImportError)
            else ""
        )
        message = " ".join(str(error).split())[:300]
        raise FileError(
            f"Importing {path} failed: {type(error).__name__}: {message}{hint}."
        ) from error
    return module
