"""Whose code may be imported from a comparison's folder: what this user has named before.

A folder that somebody sends may hold any code. Its copies are imported when their digest is one
that was named on this account's command line, and never because they lie there.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import platformdirs

from srpo_bench.harness.errors import UserError
from srpo_bench.harness.plugins.entered import FilePlugin


def name(sha256: str) -> None:
    """Remember that the user has named these files. A home that cannot be written to forgets."""
    with suppress(OSError):
        _book().mkdir(parents=True, exist_ok=True)
        (_book() / sha256).touch()


def require(plugins: Iterable[FilePlugin], comparison: Path, also: Iterable[Path] = ()) -> None:
    """Refuse a comparison whose code nobody has named here.

    Args:
        also: files that are named now, ``--plugin``.

    Raises:
        UserError: a file was never named; the sentence says how to.
    """
    named = [path.expanduser().absolute() for path in also]
    for plugin in plugins:
        copy = (plugin.kept(comparison) / plugin.file).absolute()
        if copy in named or (plugin.home / plugin.file) in named:
            name(plugin.sha256)
        elif not (_book() / plugin.sha256).exists():
            raise UserError(
                f"{comparison} brings code that was never named here, {plugin.file}: read it, and "
                f"if you trust it say --plugin {plugin.kept(comparison) / plugin.file}."
            )


def _book() -> Path:
    return Path(platformdirs.user_data_dir("srpo-bench")) / "named"
