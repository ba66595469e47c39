"""The report as one page that needs nothing but itself."""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256
from pathlib import Path

from stumble import __version__
from stumble.data.whole_files import whole_file
from stumble.report.actions import ActionReport
from stumble.report.gait import GaitReport
from stumble.report.parts import environment, part

__all__ = ["render", "write_report"]


def write_report(file: Path, *reports: GaitReport | ActionReport) -> None:
    """The page as a file, whole or not at all; its folder is made if needed."""
    page = render(*reports)
    file.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(file) as temporary:
        temporary.write_text(page, encoding="utf-8")


def render(*reports: GaitReport | ActionReport) -> str:
    """The page as HTML, a part for each report, at most one of a kind.

    No request leaves it, and everything that came with the data is escaped. Its content security policy admits data
    images and its own script, named by digest, so that nothing else could run or load even if it got in.
    """
    templates = environment()
    assert templates.loader is not None
    assets = {
        name: templates.loader.get_source(templates, name)[0]
        for name in ("style.css", "actions.css", "player.js", "skeletons.js")
    }
    script = assets["player.js"] + assets["skeletons.js"]
    return templates.get_template("page.html").render(
        parts=[part(report) for report in reports],
        commands=list(dict.fromkeys(r.provenance["command"] for r in reports if "command" in r.provenance)),
        all_synthetic=all(report.synthetic for report in reports),
        version=__version__,
        style=assets["style.css"] + assets["actions.css"],
        script=script,
        script_digest=b64encode(sha256(script.encode()).digest()).decode(),
    )
