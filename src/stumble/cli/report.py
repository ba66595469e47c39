"""`stumble report`"""

from __future__ import annotations

from pathlib import Path

from stumble.campaign.run_folder import RunFolder
from stumble.cli.campaign_table import results_of
from stumble.cli.progress import progress
from stumble.report import campaign_report, write_report

__all__ = ["report"]


def report(folder: Path, *, out: Path | None = None, films: int = 24) -> None:
    """Write what is done of a campaign as one HTML page that needs nothing but itself.

    Tables by attack, view and class, curves against budgets, what speaks against the figures, and a list of all
    samples, of which some can be played. No network is loaded; the data are read for the samples to be played alone.

    Example:
        stumble report out/grid
        stumble report out/grid --out grid.html --films 60

    Args:
        folder: of the campaign: the --out of `stumble run PLAN.yaml`.
        out: file to write; by default report.html in the campaign's folder.
        films: so many samples to be played, spread over all cells, successes and failures alike.
    """
    run = RunFolder(folder)
    results = results_of(run)
    with progress("films") as playing:
        made = campaign_report(run, results, films, playing)
    file = out or folder / "report.html"
    write_report(file, made)
    for note in made.notes:
        print(note)
    print(f"{file}: {len(made.rows)} samples, {len(made.films)} to be played, {len(made.flags)} flags")
