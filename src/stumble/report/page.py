"""The report as one page that needs nothing but itself."""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256
from pathlib import Path

from stumble import __version__
from stumble.data.whole_files import whole_file
from stumble.report.parts import Report, environment, part

__all__ = ["render", "write_report"]


def write_report(file: Path, *reports: Report) -> None:
    """The page as a file, whole or not at all; its folder is made if needed."""
    page = render(*reports)
    with whole_file(file) as temporary:
        temporary.write_text(page, encoding="utf-8")


def render(*reports: Report) -> str:
    """The page as HTML, a part for each report, at most one of a kind.

    No request leaves it, and everything that came with the data is escaped. Its content security policy admits data
    images and its own script, named by digest, so that nothing else could run or load even if it got in.
    """
    parts = [part(report) for report in reports]
    styles = dict.fromkeys(name for made in parts for name in made.styles)
    scripts = dict.fromkeys(name for made in parts for name in made.scripts)
    script = "\n".join(['"use strict";', *map(_asset, scripts)])
    return (
        environment()
        .get_template("page.html")
        .render(
            parts=parts,
            commands=list(dict.fromkeys(r.provenance["command"] for r in reports if "command" in r.provenance)),
            all_synthetic=all(report.synthetic for report in reports),
            version=__version__,
            style="\n".join(map(_asset, ("style.css", *styles))),
            script=script,
            script_digest=b64encode(sha256(script.encode()).digest()).decode(),
        )
    )


def _asset(name: str) -> str:
    templates = environment()
    assert templates.loader is not None
    return templates.loader.get_source(templates, name)[0]
