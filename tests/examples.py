"""How many examples a property is tried on: a fifth while working, all under CI's profile."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

# The same examples every time, and no example fails for being slow on a busy machine.
settings.register_profile("quick", deadline=None, derandomize=True, max_examples=20)
settings.register_profile("thorough", deadline=None, derandomize=True, max_examples=100)
settings.load_profile("quick")


def examples(thorough: int, *unchecked: HealthCheck) -> settings:
    """For a property that wants another number than 100, or that a health check misjudges."""
    number = max(1, thorough * settings().max_examples // 100)
    return settings(max_examples=number, suppress_health_check=unchecked)
