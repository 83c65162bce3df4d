"""Whether an author who perhaps did not write a post may be sent one more mail about it (promises.md I30)."""

from __future__ import annotations

from sqlalchemy import Connection

from mailbot.core.senders.authentication import is_looked_at, read_authentication, verdict
from mailbot.flows.lists.list_post import ListPost
from mailbot.store.members import confirmations


def may_write_back(connection: Connection, post: ListPost) -> bool:
    """Tell whether its author certainly wrote it, or may get one more of the mails that anybody can cause; that one is counted.

    Otherwise a forged From would bring its owner twenty refusals a day. Authors always hear what a person decides later.
    """
    if post.author is None:
        return False
    return _is_proved(post, post.author) or confirmations.spend_unproved_answer(
        connection, post.author, post.now
    )


def may_tell_of_post(connection: Connection, post: ListPost) -> bool:
    """Tell the same of a mail about a post that goes out in his name: it warns him of a forged one.

    Where nobody looks at senders most members are proved by nothing: there the limit of all answers alone holds (I14), so that
    who writes ten posts a day hears of each.
    """
    return not is_looked_at(post.message.headers, post.site.authserv_id) or may_write_back(connection, post)


def _is_proved(post: ListPost, author: str) -> bool:
    return verdict(read_authentication(post.message.headers, post.site.authserv_id), author) == "pass"
