"""Which post a mail answers: references first, its subject only where that is safe."""

from __future__ import annotations

import pytest

from mailbot.core.lists.thread import answered, known_by_subject, message_id_hash, topic
from mailbot.core.mail.message import parse


@pytest.mark.parametrize(
    ("head", "found"),
    [
        (b"In-Reply-To: <b@x>\nReferences: <a@x> <b@x>\n", ("<b@x>", "<a@x>")),
        (b"References: <a@x> <b@x>\n", ("<b@x>", "<a@x>")),
        (b"In-Reply-To: <b@x>\n", ("<b@x>",)),
        (b"In-Reply-To: <b@x> <c@x>\nReferences: <a@x>\n", ("<a@x>", "<b@x>", "<c@x>")),
        (b"In-Reply-To: Your message of Monday\n", ()),
        (b"", ()),
    ],
)
def test_answered(head: bytes, found: tuple[str, ...]) -> None:
    """The mail that a program says it answers comes first, then its references from the nearest to the farthest."""
    assert answered(parse(head + b"Subject: x\n\n")) == found


def test_only_the_nearest_references_count() -> None:
    """A mail that names thousands of others has twenty looked for."""
    names = b" ".join(b"<%d@x>" % number for number in range(5000))
    assert len(answered(parse(b"References: " + names + b"\n\n"))) == 20


def test_the_address_for_ever_is_the_one_that_others_know() -> None:
    """It is the X-Message-ID-Hash of Mailman 3, whose documentation has this example."""
    assert message_id_hash("<87myycy5eh.fsf@uwakimon.sk.tsukuba.ac.jp>") == "JJIGKPKB6CVDX6B2CUG4IHAJRIQIOUTP"


@pytest.mark.parametrize(
    ("subject", "about"),
    [
        ("Re: [room:00012] ＲＥ: 標準化の移行時期について", "標準化の移行時期について"),
        ("返信：標準化の移行時期について", "標準化の移行時期について"),
        ("ｾﾐﾅｰの日程", "セミナーの日程"),
        ("Re: 質問", ""),
        ("お知らせ", ""),
        ("Re:", ""),
    ],
)
def test_topic(subject: str, about: str) -> None:
    """Tags of lists and replies, width and case make no other topic; what is short or general names no thread."""
    assert topic(subject, "[room:%05d]") == about


def test_a_subject_alone_is_believed_only_of_an_answer_without_references() -> None:
    """A new mail with an old subject begins a thread; one with references says itself what it answers."""
    subject = "Subject: {}標準化の移行時期について\n".format
    assert known_by_subject(parse((subject("Re: ") + "\n").encode()), "")
    assert not known_by_subject(parse((subject("") + "\n").encode()), "")
    assert not known_by_subject(parse((subject("Fw: ") + "\n").encode()), "")
    assert not known_by_subject(parse((subject("Re: ") + "References: <a@x>\n\n").encode()), "")
