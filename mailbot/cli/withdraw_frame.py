"""What `surveys withdraw`, `events withdraw` and `meetings withdraw` say."""

from __future__ import annotations

from mailbot.cli.act_frame import Acting, Deed
from mailbot.flows.withdraw_definition import Withdrawn
from mailbot.folder.definition_sources import files_of
from mailbot.store.keys import Kind


def withdrawn_deed(act: Acting, kind: Kind, key: str, gone: Withdrawn) -> Deed:
    """Return what to say of a definition that was taken back, and what of it is left: its file."""
    sent = (
        f"nothing but {gone.trials} trial ballots had gone out"
        if gone.trials
        else "nothing of it had gone out"
    )
    words = f"{kind} {key} {act.is_} withdrawn; {sent}, and its {gone.runs} planned runs {act.are} off"
    file = files_of(act.it.config.file.parent).get((f"{kind}s", key))
    hint = (
        f"{file} still defines it; delete that file, or the next `mailbot apply` plans it again"
        if file
        else ""
    )
    return Deed(
        words, {"key": key, "state": "withdrawn", "runs": gone.runs, "file": file and str(file)}, hint=hint
    )
