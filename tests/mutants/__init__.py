"""Mutation testing: do the tests notice when a line of the product is wrong?"""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("algorithms", "harness", "results", "tasks")

THOROUGH = ("--hypothesis-profile", "thorough")
"""All examples of a property."""
