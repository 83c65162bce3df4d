"""Do what an author replies about his own post that waits: let it go out, or not."""

from __future__ import annotations

from sqlalchemy import Connection

from mailbot.core.lists.post_sentences import post_sentence
from mailbot.core.members.confirmation import read_word
from mailbot.core.office.desk_sentences import MAIL_STATES
from mailbot.flows.lists.release_post import release_post
from mailbot.flows.lists.tell_decision import tell_author
from mailbot.flows.question_reply import QuestionReply
from mailbot.flows.settled import Settled
from mailbot.store.lists import held_posts, lists
from mailbot.store.mail import inbox
from mailbot.store.members import confirmations


def obey_author(connection: Connection, reply: QuestionReply) -> Settled:
    """Act on はい or 取消, written by himself; a reply to which nothing was added does nothing."""
    site, asked, now = reply.site, reply.asked, reply.now
    number = int(asked.detail["inbox"])
    mailing_list = lists.load(connection, asked.about)
    entry = inbox.entry(connection, number)
    if mailing_list is None or entry is None:
        return Settled("discarded", f"there is no list {asked.about} any more")

    def answer(name: str, **figures: object) -> None:
        sentence = post_sentence(site.language, name, subject=entry.title, **figures)
        tell_author(connection, reply, mailing_list, sentence)

    word, _ = read_word(reply.message.text, reply.sent)
    if reply.is_late or entry.state != "held" or not inbox.claim(connection, number, "held"):
        answer("post-over", became=MAIL_STATES[site.language].get(entry.state, entry.state))
        return Settled("discarded", f"mail {number} was {entry.state} before its author's word came")
    if word == "yes" and asked.kind == "post-undo":
        return Settled("answered", "nothing to do: it goes out by itself")
    if word not in {"yes", "no"}:
        answer("post-unread" if asked.kind != "post-undo" else "post-unread-undo")
        return Settled("answered", f"nothing about mail {number} can be read; it waits on")
    confirmations.use(connection, asked.id, now)
    if word == "yes":
        return Settled("answered", f"mail {number}: {release_post(connection, site, number, now)}")
    held_posts.forget(connection, number)
    inbox.change(connection, number, "discarded", "cancelled by its author", now=now)
    answer("post-cancelled")
    return Settled("answered", f"mail {number} is cancelled by its author")
