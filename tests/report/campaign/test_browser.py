"""The page of a campaign in a real browser, used as its reader would."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from stumble.report import CampaignReport, write_report

ROWS = (
    "[...document.querySelectorAll('.samples tbody tr')].map((row) => [...row.cells].map((cell) => cell.textContent))"
)
SHOWN = "[...document.querySelectorAll('.clip, .sequence')].findIndex((film) => !film.hidden)"
FOUND = "document.querySelector('.found').textContent"


def pick(name: str, word: str) -> str:
    """Chooses a word in the filter of this name."""
    return (
        f"l = [...document.querySelectorAll('.filters label')].find((e) => e.innerText.trim().startsWith('{name}'));"
        "select = l.querySelector('select');"
        f"select.value = [...select.options].find((option) => option.textContent === '{word}').value;"
        "select.dispatchEvent(new Event('input', {bubbles: true}))"
    )


@pytest.fixture
def opened(
    campaigns: Any, reported: Callable[..., CampaignReport], browser: Callable[..., Any]
) -> Callable[[str], Any]:
    """The page of a campaign in the browser."""

    def opened(kind: str, *flags: str) -> Any:
        run = getattr(campaigns, kind)()
        write_report(run.root / "report.html", reported(run))
        return browser(run.root / "report.html", *flags)

    return opened


def test_the_list_can_be_filtered_searched_sorted_and_leafed_through(opened: Callable[..., Any]) -> None:
    with opened("gait") as page:
        assert page.run(FOUND) == "36 of 36 samples; success in 38.9 % of the 72 decisions that count"
        assert (
            len(page.run(ROWS)) == 20
            and page.run("document.querySelector('.pages output').textContent") == "page 1 of 2"
        )
        page.run("document.querySelectorAll('.pages button')[1].click()")
        assert len(page.run(ROWS)) == 16
        page.run(pick("Attack", "two"))
        assert page.run(FOUND).startswith("12 of 36 samples; success in 83.3 %")
        page.run(pick("Result", "no success") + ";" + pick("View", "126"))
        rows = page.run(ROWS)
        assert [row[3] for row in rows] == ["077/nm-05/126"] * 2, "one for each goal"
        page.run("document.querySelector('.filters button').click()")
        page.until(f"{FOUND}.startsWith('36 of 36')")
        page.run("s = document.querySelector('[type=search]'); s.focus()")
        page("Input.insertText", text="76/NM")
        assert {row[3] for row in page.run(ROWS)} == {"076/nm-05/054", "076/nm-05/126"}
        page.key("Enter")
        page.run("[...document.querySelectorAll('.samples th button')].at(-1).click()")
        margins = [row[-1] for row in page.run(ROWS)]
        assert margins == sorted(margins, key=lambda text: float(text.replace("−", "-")))
        page.run("[...document.querySelectorAll('.samples th button')].at(-1).click()")
        assert [row[-1] for row in page.run(ROWS)] == margins[::-1]
        assert page.run("document.querySelector('.samples th[aria-sort]').textContent") == "Margin"


@pytest.mark.parametrize("kind", ["gait", "actions"])
def test_a_row_is_played_by_keyboard(kind: str, opened: Callable[..., Any]) -> None:
    with opened(kind, "--force-prefers-reduced-motion") as page:
        assert page.run(SHOWN) == 0
        page.run("document.querySelector('.check input').click()")
        page.run("document.querySelectorAll('.samples tbody button')[5].focus()")
        page.key(" ")
        page.until(f"{SHOWN} > 0")
        title = page.run("document.querySelector('.clip:not([hidden]) h3, .sequence:not([hidden]) h3').textContent")
        row = page.run(ROWS)[5]
        assert any(cell and title.startswith(cell) for cell in row), (title, row)
        assert page.run("document.activeElement.matches('.chooser select')")
        place = ".stage" if kind == "actions" else ".sequence:not([hidden])"
        frame = f"Number(document.querySelector('{place} input[type=range]').value)"
        before = page.run(frame)
        page.run(f"document.querySelector('{place} .play').click()")
        page.until(f"{frame} > {before + 1}")
        first = page.run(SHOWN)
        page.run("document.querySelector('.step[data-step=\"1\"]').click()")
        assert page.run(SHOWN) == first + 1


def test_what_is_hidden_does_not_go_on_playing(opened: Callable[..., Any]) -> None:
    with opened("gait") as page:
        page.until("!document.querySelector('.player').hidden")
        page.run("document.querySelector('.player .play').click()")
        page.run("document.querySelector('.step[data-step=\"1\"]').click()")
        stopped = page.run("document.querySelector('.player input').value")
        time.sleep(0.3)
        assert page.run("document.querySelector('.player input').value") == stopped


def test_names_from_the_data_make_nothing_run(
    campaigns: Any, reported: Callable[..., CampaignReport], browser: Callable[..., Any]
) -> None:
    name = "</script><script>window.broken = 1</script><img src=x onerror='window.broken = 1'>"
    run = campaigns.actions(name)
    write_report(run.root / "report.html", reported(run))
    with browser(run.root / "report.html") as page:
        assert any(name in row for row in page.run(ROWS))
        page.run(f"s = document.querySelector('[type=search]'); s.value = '</script>'; {REDO}")
        assert page.run(FOUND).startswith("4 of 24 samples")
        assert page.run("[window.broken === undefined, document.images.length]") == [True, 0]


REDO = "s.dispatchEvent(new Event('input', {bubbles: true}))"
