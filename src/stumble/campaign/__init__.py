"""Running attacks over data sets: what is attacked, stored, judged and summed up."""

from stumble.campaign.gait import GaitEvaluation
from stumble.campaign.summary import AttackSummary, summarise

__all__ = ["AttackSummary", "GaitEvaluation", "summarise"]
