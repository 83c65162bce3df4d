"""Whether a post may bring its author one more mail at once, though he perhaps did not write it (promises.md I30)."""

from __future__ import annotations

from sqlalchemy import Connection

from mailbot.core.senders.authentication import read_authentication, verdict
from mailbot.flows.lists.list_post import ListPost
from mailbot.store import confirmations


def may_write_back(connection: Connection, post: ListPost) -> bool:
    """Tell whether he wrote it for certain; else count one of the mails that anybody can cause, False when it is one too many.

    A forged From would else bring its owner twenty refusals a day. What a person decides later is told him in any case.
    """
    if post.author is None:
        return False
    found = read_authentication(post.message.headers, post.site.authserv_id)
    return verdict(found, post.author) == "pass" or confirmations.may_tell(connection, post.author, post.now)
