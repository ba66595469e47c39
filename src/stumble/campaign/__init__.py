"""Running attacks over data sets: what is attacked, stored, judged and summed up."""

from stumble.campaign.action_summary import ActionSummary, CleanSummary, summarise_actions, summarise_clean
from stumble.campaign.actions import ActionEvaluation
from stumble.campaign.gait import GaitEvaluation
from stumble.campaign.summary import AttackSummary, summarise

__all__ = [
    "ActionEvaluation",
    "ActionSummary",
    "AttackSummary",
    "CleanSummary",
    "GaitEvaluation",
    "summarise",
    "summarise_actions",
    "summarise_clean",
]
