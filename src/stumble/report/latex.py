"""A campaign's figures as LaTeX tables in the form of papers: booktabs, a row for each attack."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from stumble.campaign.breakdown import Breakdown, breakdowns
from stumble.campaign.figures import Outcomes, Rate, figures
from stumble.campaign.results import CellResult, by_setting
from stumble.campaign.rigor import Flag, alike, flags

__all__ = ["latex_tables"]

_SPECIAL = {c: f"\\{c}" for c in "&%$#_{}"} | {
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "\\": r"\textbackslash{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\textquotedbl{}",
    "[": "{[}",  # after the end of a row it would be read as its argument
    "*": "{*}",  # likewise
}
_COLUMNS = 12  # a table with more does not fit on a page
_ROW_END, _DAGGER = r" \\", r"$^\dagger$"


def latex_tables(results: Sequence[CellResult]) -> str:
    """All cells with verdicts; then what is left of accuracy by view, camera or kind, for each bench and goal.

    Needs `\\usepackage{booktabs}`. What comes from plan and data is escaped.
    """
    done = [result for result in results if result.verdicts is not None]
    data = "; ".join(sorted({_data(result) for result in done}))
    synthetic = {result.cell.entry.bench: result.cell.synthetic for result in done}
    parts = [_cells(done, data)]
    for split in breakdowns(done):
        if split.by != "class" and len(split.rows) <= _COLUMNS:
            parts.append(_split(split, synthetic[split.bench]))
    return "% \\usepackage{booktabs}\n" + "\n".join(parts)


def _cells(results: Sequence[CellResult], data: str) -> str:
    lines = list[str]()
    marks = flags([(result.cell, result.verdicts) for result in results])
    flagged = {flag.cell.id for flag in marks}
    for (bench, goal), setting in by_setting(results).items():
        rows = [figures(result.verdicts) for result in setting]
        lines += [r"\midrule"] if lines else []
        synthetic = ", synthetic data" if setting[0].cell.synthetic else ""
        title = f"{_escaped(bench)}, {_escaped(goal)}{synthetic}"
        lines.append(rf"\multicolumn{{6}}{{l}}{{\emph{{{title}; $n$ {rows[0].of}}}}}" + _ROW_END)
        for result, row in zip(setting, rows, strict=True):
            name = _escaped(result.cell.entry.attack) + (_DAGGER if result.cell.id in flagged else "")
            clean, attacked = (f"{rate.percent:.1f}" for rate in (row.clean, row.attacked))
            cells = (name, str(result.cell.entry.seed), str(row.success.n), clean, attacked, _rate(row.success))
            lines.append(" & ".join(cells) + _ROW_END)
    notes = [_note(*same) for same in alike(marks)]
    caption = (
        "Right answers without and with the attack, and success among $n$ with its 95\\,\\% interval, in percent. "
        f"Data: {data}."
    )
    return _table("llrrrr", ("Attack", "Seed", "$n$", "Clean", "Attacked", "Success"), lines, caption, notes)


def _note(flag: Flag, *others: Flag) -> str:
    who = str(flag.cell).replace(" · ", ", ") + (f" and {len(others)} more" if others else "")
    return f"{_DAGGER} {_escaped(f'{who}: {flag.text}')}."


def _split(split: Breakdown, synthetic: bool) -> str:
    values = list(split.rows)
    heads = ("Attack", *map(_escaped, values), "All")
    columns = list(zip(*split.rows.values(), strict=True))
    lines = [" & ".join(("none", *_line(max(columns, key=_known), "clean"))) + _ROW_END, r"\midrule"]
    for attack, outcomes in zip(split.attacks, columns, strict=True):
        lines.append(" & ".join((_escaped(attack), *_line(outcomes, "attacked"))) + _ROW_END)
    kind = "synthetic data" if synthetic else "real data"
    caption = f"Right answers in percent by {split.by}: {_escaped(split.bench)}, {_escaped(split.goal)} ({kind})."
    return _table("l" + "r" * (len(values) + 1), heads, lines, caption)


def _known(outcomes: Sequence[Outcomes | None]) -> int:
    return sum(len(each) for each in outcomes if each is not None)


def _line(outcomes: Sequence[Outcomes | None], name: str) -> Iterator[str]:
    """The share of each value, and of all decisions together."""
    shares: list[Rate | None] = [None if each is None else getattr(each, name) for each in outcomes]
    yield from ("--" if share is None else f"{share.percent:.1f}" for share in shares)
    known = [share for share in shares if share is not None]
    yield f"{sum(share.percent * share.n for share in known) / sum(share.n for share in known):.1f}"


def _table(columns: str, heads: Sequence[str], lines: Sequence[str], caption: str, notes: Sequence[str] = ()) -> str:
    body = "\n".join(lines)
    below = "".join(f"\\par\\footnotesize {note}\n" for note in notes)
    return (
        f"\\begin{{table}}\n\\centering\n\\caption{{{caption}}}\n\\begin{{tabular}}{{{columns}}}\n\\toprule\n"
        f"{' & '.join(heads)}{_ROW_END}\n\\midrule\n{body}\n\\bottomrule\n\\end{{tabular}}\n{below}\\end{{table}}\n"
    )


def _rate(rate: Rate) -> str:
    return f"{rate.percent:.1f} ({rate.low:.1f}--{rate.high:.1f})"


def _data(result: CellResult) -> str:
    return f"{_escaped(result.cell.data)} ({'synthetic' if result.cell.synthetic else 'real'} data)"


def _escaped(text: str) -> str:
    return "".join(_SPECIAL.get(character, character) for character in " ".join(text.split()))
