"""What renders: the automatic mails, each from a template, under one letterhead."""

from mailbot.render.event_mails import RsvpReceipt
from mailbot.render.office_mails import ActMail, CommandLine, HeldMail, ReportItem, Takes
from mailbot.render.pen import EACH, Letterhead, Recipient, Thread, recipient_values
from mailbot.render.renderer import Renderer
from mailbot.render.result_mails import Minutes, ProxyChange
from mailbot.render.survey_mails import ReceiptStatus, VoteReceipt

__all__ = [
    "EACH",
    "ActMail",
    "CommandLine",
    "HeldMail",
    "Letterhead",
    "Minutes",
    "ProxyChange",
    "ReceiptStatus",
    "Recipient",
    "Renderer",
    "ReportItem",
    "RsvpReceipt",
    "Takes",
    "Thread",
    "VoteReceipt",
    "recipient_values",
]
