"""Installed packages, made of a few lines of source: what ``pip install`` leaves behind."""

from __future__ import annotations

from pathlib import Path


def install(site: Path, package: str, source: str, group: str, points: dict[str, str]) -> None:
    """A module and its entry points in ``site``, a folder for PYTHONPATH."""
    site.mkdir(exist_ok=True)
    (site / f"{package}.py").write_text(source)
    info = site / f"{package}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
    lines = [f"{name} = {package}:{value}" for name, value in points.items()]
    (info / "entry_points.txt").write_text("\n".join([f"[{group}]", *lines]))
