"""The report as one page that needs nothing but itself."""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from stumble import __version__
from stumble.data.whole_files import whole_file
from stumble.report import sprites
from stumble.report.charts import accuracy_against_sparsity
from stumble.report.gait import GaitReport
from stumble.report.tables import clean_lines, clean_views, groups
from stumble.report.wording import (
    MEASURES,
    appearance,
    headline,
    main_row,
    number,
    peers,
    percent,
    plausible_scale,
    sparsity,
    violations,
)

__all__ = ["render", "write_report"]


def write_report(file: Path, report: GaitReport) -> None:
    """The page as a file, whole or not at all; its folder is made if needed."""
    page = render(report)
    file.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(file) as temporary:
        temporary.write_text(page, encoding="utf-8")


def render(report: GaitReport) -> str:
    """The page as HTML: no request leaves it, and everything that came with the data is escaped.

    Its content security policy admits data images and its own script, named by digest, so that nothing else could
    run or load even if it got in.
    """
    assets = PackageLoader("stumble.report", "assets")
    environment = Environment(
        loader=assets, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {"number": number, "percent": percent, "sparsity": sparsity, "appearance": appearance}
    style, script = (assets.get_source(environment, name)[0] for name in ("style.css", "player.js"))
    main = main_row(report.attacks)
    return environment.get_template("page.html").render(
        report=report,
        version=__version__,
        style=style,
        script=script,
        script_digest=b64encode(sha256(script.encode()).digest()).decode(),
        headline=headline(report.attacks),
        main=main,
        peers=peers(main, report.attacks) if main else {},
        views=clean_views(report),
        clean=clean_lines(report),
        groups=groups(report.attacks),
        critic=any(row.summary.realness is not None for row in report.attacks),
        violations=violations(report.attacks),
        scale=plausible_scale(report.attacks),
        measures=MEASURES,
        explained=list({row.attack: appearance(row.attack) for row in report.attacks}.values()),
        chart=accuracy_against_sparsity(report.attacks),
        film=sprites.film,
        pair=sprites.pair,
        gap=sprites.GAP,
        piece=sprites.PIECE,
    )
