"""The report in a real browser: it renders, its filters work, nothing complains in the console."""

from __future__ import annotations

import contextlib
import json
import re
import shutil
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

from srpo_bench.results.report import write_report
from srpo_bench.results.report.pictures import LETTER
from tests.results import synthetic

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(
        not (shutil.which("chromium") and shutil.which("chromedriver")),
        reason="no chromium with chromedriver here (Debian: apt install chromium chromium-driver)",
    ),
]


class Browser:
    """As much of the WebDriver protocol as these tests need."""

    def __init__(self, port: int) -> None:
        self.root = f"http://127.0.0.1:{port}"
        flags = ["--headless=new", "--no-sandbox", "--disable-gpu", "--window-size=390,900"]
        wanted = {
            "goog:chromeOptions": {"args": flags},
            "goog:loggingPrefs": {"browser": "ALL"},
        }
        made = self._send("/session", {"capabilities": {"alwaysMatch": wanted}})
        self.root += f"/session/{made['sessionId']}"

    def open(self, path: Path) -> None:
        self._send("/url", {"url": path.resolve().as_uri()})

    def run(self, script: str) -> Any:
        return self._send("/execute/sync", {"script": script, "args": []})

    def wait(self, script: str) -> Any:
        """Of a script that calls ``done`` with its result."""
        body = {"script": f"const done = arguments[0]; {script}", "args": []}
        return self._send("/execute/async", body)

    def media(self, scheme: str) -> None:
        feature = {"name": "prefers-color-scheme", "value": scheme}
        command = {"cmd": "Emulation.setEmulatedMedia", "params": {"features": [feature]}}
        self._send("/goog/cdp/execute", command)

    def console(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._send("/se/log", {"type": "browser"})
        return found

    def _send(self, path: str, body: dict[str, Any]) -> Any:
        request = urllib.request.Request(
            self.root + path, json.dumps(body).encode(), {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=300) as response:
            return json.load(response)["value"]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    driver = subprocess.Popen(["chromedriver", "--port=0"], stdout=subprocess.PIPE, text=True)
    assert driver.stdout is not None
    try:
        started = (re.search(r"successfully on port (\d+)", line) for line in driver.stdout)
        made = Browser(int(next(found for found in started if found).group(1)))
        yield made
        urllib.request.urlopen(urllib.request.Request(made.root, method="DELETE"), timeout=60)
    finally:
        driver.terminate()
        driver.wait()


@pytest.fixture(scope="module")
def page(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Browser:
    folder = synthetic.write(tmp_path_factory.mktemp("r") / "c", seeds=8, samples=20)
    write_report(folder)
    browser.open(folder / "report" / "index.html")
    return browser


def test_nothing_complains(page: Browser) -> None:
    assert page.console() == []


def test_the_curves_are_drawn_and_the_page_does_not_scroll_sideways(page: Browser) -> None:
    box = page.run(
        "const b = document.querySelector('#chart-accuracy canvas').getBoundingClientRect();"
        "const s = document.querySelector('.static svg').getBoundingClientRect();"
        "return [b.width, b.height, s.width, document.documentElement.scrollWidth, innerWidth]"
    )
    assert box[0] > 200
    assert box[1] > 100
    assert box[2] == 0  # the figure for print gives way to the chart
    assert box[3] <= box[4]


def test_names_over_marks_do_not_run_into_one_another(page: Browser) -> None:
    """As near as two may be, on a phone."""
    names = ("90 % fewer", "equal")
    near = LETTER * (len("".join(names)) + 1) / 2
    between = page.run(
        "const ticks = document.querySelector('#table-costs .ticks'), kept = ticks.innerHTML;"
        f'ticks.innerHTML = \'<i style="left:0">{names[0]}</i>'
        f'<i style="left:{near}%">{names[1]}</i>\';'
        "const [a, b] = [...ticks.children].map(i => i.getBoundingClientRect());"
        "ticks.innerHTML = kept; return b.left - a.right"
    )
    assert between > 0


def test_seeds_stand_beside_one_another(page: Browser) -> None:
    rows = page.run(
        "document.getElementById('chart-seed-list').open = true;"
        "return new Set([...document.querySelectorAll('#chart-seeds label')]"
        ".map(l => Math.round(l.getBoundingClientRect().top))).size"
    )
    assert rows == 2  # of eight seeds, on a phone


def test_everybody_can_read_it(page: Browser) -> None:
    """axe-core's rules, in the light and in the dark, with every fold open."""
    axe = resources.files("axe_core_python") / "axe.min.js"
    page.run(axe.read_text(encoding="utf-8"))
    page.run("document.querySelectorAll('details').forEach(d => { d.open = true })")
    for scheme in ("light", "dark"):
        page.media(scheme)
        found = page.wait(
            "axe.run().then(r => done(r.violations.map(v => [v.id, v.nodes.length])))"
        )
        assert found == [], scheme
    page.media("light")


CURSOR = (
    "const c = document.getElementById('chart-accuracy'); c.focus();"
    "for (let i = 0; i < 20; i++)"
    "  c.dispatchEvent(new KeyboardEvent('keydown', {key: 'ArrowRight', bubbles: true}));"
    "return [document.getElementById('chart-told').textContent,"
    "...[...document.querySelectorAll('#chart-arms output')].map(o => o.textContent)]"
)


def test_values_are_read_and_arms_seeds_task_and_axis_chosen(page: Browser) -> None:
    told, grpo, srpo = page.run(CURSOR)
    assert re.fullmatch(r"at \d+ training steps", told)
    assert re.fullmatch(r"\d\d\.\d % \(\d\d\.\d–\d\d\.\d\)", grpo)
    assert float(srpo.split()[0]) > float(grpo.split()[0])
    picture = "return document.querySelector('#chart-accuracy canvas').toDataURL().length"
    before = page.run(picture)
    for change in (
        "const f = document.getElementById('chart-axis'); f.value = 'flops'",
        "const f = document.getElementById('chart-task'); f.value = 'micro-math'",
        "const f = document.getElementById('chart-seed-3'); f.checked = false",
        "const f = document.getElementById('chart-each'); f.checked = true",
        "const f = document.getElementById('chart-arm-0'); f.checked = false",
    ):
        page.run(f"{change}; f.dispatchEvent(new Event('input', {{bubbles: true}}))")
        after = page.run(picture)
        assert after != before, change
        before = after
    assert page.run(CURSOR)[1] == ""
    assert page.console() == []


def test_no_script_but_the_pages_own_runs(page: Browser) -> None:
    page.run(
        "const s = document.createElement('script'); s.textContent = 'window.evil = true';"
        "document.body.append(s);"
        "document.body.insertAdjacentHTML('beforeend', '<b onclick=\"window.evil = true\">x</b>');"
        "document.body.lastElementChild.click()"
    )
    assert page.run("return window.evil === undefined")
    assert page.run("fetch('https://example.org').catch(() => { window.held = true })") is None
    wait_for(page, "window.held")
    assert all("Content Security Policy" in line["message"] for line in page.console())


def test_samples_are_filtered(page: Browser) -> None:
    shown = page.run("return document.querySelectorAll('#sample-list .sample').length")
    assert shown == 20
    outcomes = page.run(
        "const f = document.getElementById('f-outcome'); f.value = 'wrong';"
        "f.dispatchEvent(new Event('input', {bubbles: true}));"
        "return [...document.querySelectorAll('#sample-list .said')].map(e => e.className)"
    )
    assert set(outcomes) == {"said wrong"}
    none = page.run(
        "const f = document.getElementById('f-text'); f.value = 'no such text anywhere';"
        "f.dispatchEvent(new Event('input', {bubbles: true}));"
        "return document.getElementById('sample-count').textContent"
    )
    assert none == "0 of 0 samples shown"


def test_what_a_model_wrote_is_shown_as_text(page: Browser) -> None:
    page.run(
        "for (const id of ['f-outcome', 'f-text']) document.getElementById(id).value = '';"
        "document.getElementById('f-text').dispatchEvent(new Event('input', {bubbles: true}))"
    )
    assert page.run("return document.querySelectorAll('#sample-list b').length") == 0
    text = page.run("return document.querySelector('#sample-list pre').textContent")
    assert "<b>Think</b>" in text


def test_runs_are_filtered_and_open(page: Browser) -> None:
    left = page.run(
        "const f = document.getElementById('run-filter'); f.value = 'srpo seed-3';"
        "f.dispatchEvent(new Event('input', {bubbles: true}));"
        "return [...document.querySelectorAll('#table-runs tbody tr')]"
        ".filter(r => !r.hidden).map(r => r.cells[0].textContent)"
    )
    assert left == ["srpo/seed-3"]
    drawn = page.run(
        "const b = [...document.querySelectorAll('#table-runs button')]"
        ".find(b => b.textContent === 'srpo/seed-3'); b.click();"
        "return [b.getAttribute('aria-expanded'),"
        "document.querySelectorAll('tr.drill svg polyline').length]"
    )
    assert drawn == ["true", 1]


def test_links_inside_the_page_lead_somewhere(page: Browser) -> None:
    broken = page.run(
        "return [...document.querySelectorAll('a[href^=\"#\"]')]"
        ".filter(a => !document.querySelector(a.getAttribute('href'))).map(a => a.href)"
    )
    assert broken == []


def wait_for(browser: Browser, condition: str) -> None:
    """Ask until it holds. A page that is just being replaced answers with an error."""
    end = time.monotonic() + 120
    while time.monotonic() < end:
        with contextlib.suppress(urllib.error.HTTPError):
            if browser.run(f"return {condition}"):
                return
        time.sleep(0.05)
    pytest.fail(f"not within two minutes: {condition}")


def test_a_page_without_samples_complains_of_nothing(browser: Browser, tmp_path: Path) -> None:
    folder = synthetic.write(tmp_path / "c", seeds=2, steps=40, target=20, samples=0)
    write_report(folder)
    browser.open(folder / "report" / "index.html")
    assert browser.run("return document.querySelectorAll('#sample-filters').length") == 0
    assert browser.console() == []


LOADED = "document.readyState === 'complete'"
MARKED = f"{LOADED} && !getSelection().selectAllChildren(document.querySelector('h1'))"
UNMARK = "getSelection().removeAllRanges()"
"""While somebody is marking text the page stays as it is, and a test may take its time."""
LEFT = (
    "return [document.getElementById('run-filter').value,"
    "[...document.querySelectorAll('#table-runs tbody tr')].filter(r => !r.hidden).length,"
    "document.querySelectorAll('tr.drill').length,"
    "document.getElementById('contract-fields').open,"
    "document.getElementById('chart-arm-1').checked,"
    "document.querySelectorAll('#sample-list .sample').length, scrollY]"
)


def test_an_unfinished_page_follows_and_comes_back_as_it_was_left(
    browser: Browser, tmp_path: Path
) -> None:
    folder = synthetic.write(tmp_path / "c", seeds=2, steps=40, target=20, samples=30)
    last = folder / "srpo" / "seed-2"
    whole = {path: path.read_bytes() for path in last.iterdir()}
    synthetic.cut(last, 3, "running")
    write_report(folder, reload=2)
    browser.open(folder / "report" / "index.html")
    wait_for(browser, MARKED)
    browser.run(
        "window.first = true; const f = document.getElementById('run-filter'); f.value = 'srpo';"
        "f.dispatchEvent(new Event('input', {bubbles: true}));"
        "document.querySelector('#table-runs tbody tr:not([hidden]) button').click();"
        "document.getElementById('contract-fields').open = true;"
        "document.getElementById('sample-details').open = true;"
        "document.getElementById('sample-more').click();"
        "document.getElementById('chart-arm-1').click();"
        "scrollTo({top: 1234, behavior: 'instant'})"
    )
    left = browser.run(LEFT)
    assert left[:2] == ["srpo", 3]  # two runs and what is opened under one
    browser.run(UNMARK)
    wait_for(browser, f"!window.first && {MARKED}")
    assert browser.run(LEFT) == left
    banner = browser.run("return document.querySelector('.banner').textContent")
    assert "3 of 4 runs done, 1 running; an arm is judged when its runs" in banner

    for path, content in whole.items():
        path.write_bytes(content)
    write_report(folder, reload=2)
    browser.run(UNMARK)
    wait_for(browser, f"!('reload' in document.body.dataset) && {LOADED}")
    after = browser.run(LEFT)
    assert after[:6] == left[:6]
    assert browser.run("return document.querySelectorAll('.banner').length") == 0
    assert browser.console() == []
