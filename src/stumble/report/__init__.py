"""What a reader gets to see: one self-contained page, a summary for machines, tables for the terminal."""

from stumble.report.actions import ActionReport, ActionRow, ActionSample
from stumble.report.campaign import CampaignReport, campaign_report
from stumble.report.gait import AttackRow, GaitReport, Strip
from stumble.report.page import render, write_report
from stumble.report.summary import summary_json, write_summary
from stumble.report.terminal import print_tables

__all__ = [
    "ActionReport",
    "ActionRow",
    "ActionSample",
    "AttackRow",
    "CampaignReport",
    "GaitReport",
    "Strip",
    "campaign_report",
    "print_tables",
    "render",
    "summary_json",
    "write_report",
    "write_summary",
]
