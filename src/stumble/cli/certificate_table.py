"""Certificates at the terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.table import Table

from stumble.campaign.attack_curve import AttackPoint
from stumble.campaign.certificates import CertifiedSummary

__all__ = ["show_certificates", "show_kinds"]


def show_certificates(summary: CertifiedSummary, attacks: Sequence[AttackPoint], unit: str, confidence: float) -> None:
    """Print the curve, with what attacks leave beside it, and what it cost."""
    console, s = Console(), summary
    table = Table()
    table.add_column(f"radius, {unit}", justify="right")
    table.add_column("proven right % (95 %)", justify="right", no_wrap=True)
    if attacks:
        table.add_column("as it is, after attacks %", justify="right", no_wrap=True)
    left = {point.radius: point for point in attacks}
    proven = {level.radius: level for level in s.curve}
    for radius in sorted({*left, *proven}):
        level, point = proven.get(radius), left.get(radius)
        shown = "–" if level is None else f"{level.percent:.1f} ({level.ci95[0]:.1f}–{level.ci95[1]:.1f})"
        row = [f"{radius:g}", shown]
        if attacks:
            row.append("–" if point is None else f"{point.percent:.1f} of {point.decisions}")
        table.add_row(*row)
    console.print(table)
    kind = "deterministic" if confidence == 1 else f"each sequence's claims hold with probability {confidence:g}"
    print(f"{s.sequences} sequences, {s.decisions} decisions; {kind}; nothing right is proven beyond {s.largest:.3g}")
    print(f"unattacked: {s.plain:.1f} % right as it is, {s.right:.1f} % by the vote; {s.abstained:.1f} % abstained")
    print(f"cost: {s.queries:.0f} answers, {s.seconds:.2f} s per sequence, {s.cost:.2f} times the recogniser as it is")


def show_kinds(kinds: Mapping[str, CertifiedSummary]) -> None:
    """Print a line for each kind of probes, where there are several."""
    for kind, s in kinds.items() if len(kinds) > 1 else ():
        proven = "; ".join(
            f"{level.radius:g}: {level.percent:.1f} ({level.ci95[0]:.1f}–{level.ci95[1]:.1f})" for level in s.curve
        )
        print(f"{kind}: {s.plain:.1f} % right as it is, {s.right:.1f} % by the vote; proven against {proven}")
