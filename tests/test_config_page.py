"""docs/config.md says what the settings say, and every setting says what it is."""

from __future__ import annotations

from pydantic import BaseModel

from scripts import config_page
from srpo_bench.harness.config import Config


def test_the_page_is_the_one_that_the_script_writes() -> None:
    assert config_page.PAGE.read_text(encoding="utf-8") == config_page.page(), (
        "run: python scripts/config_page.py"
    )


def undescribed(model: type[BaseModel], prefix: str = "") -> list[str]:
    found = []
    for name, info in model.model_fields.items():
        if isinstance(info.annotation, type) and issubclass(info.annotation, BaseModel):
            found += undescribed(info.annotation, f"{prefix}{name}.")
        elif not info.description:
            found.append(prefix + name)
    return found


def test_every_setting_is_described() -> None:
    assert undescribed(Config) == []
