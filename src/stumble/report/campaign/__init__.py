"""The report of a campaign: from its run folder to what the page shows."""

from stumble.report.campaign.building import campaign_report
from stumble.report.campaign.report import CampaignReport

__all__ = ["CampaignReport", "campaign_report"]
