"""Who may post to a list, and why not: ordered rules, each a question with its own sentence (promises.md I13, I28)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

from mailbot.core.calendar import Language
from mailbot.core.lists.mailing_list import Filter, MailingList
from mailbot.core.lists.membership import PostingAction
from mailbot.core.lists.target import WHY_NOT, Fault
from mailbot.core.members.audience import Selector

_ASK_OFFICE = "お尋ねやご意見は、事務局にお送りください。"
_ASK_TO_JOIN = "入会のご希望は、事務局にお知らせください。"
RECEIVED_LIMIT = 50  # hops, as Postfix's hopcount_limit
# Answers of one author in the same words on one day: 「了解しました」 is written more than once
SAME_WORDS = 4
# Mails of one author with one Date and one beginning: another list may send a post in again without any mark of ours
SAME_DATE = 2


@dataclass(frozen=True)
class PostQuestion:
    """What the rules need to know of one post, gathered beforehand."""

    author: str | None  # the one unambiguous From address, else None
    member: bool  # the author is a member of this list
    contact: bool  # the author is a registered contact of any body
    office: bool  # the author is the secretariat
    poster: bool  # the author is named as one who may post here
    size: int  # bytes
    own_list_fields: bool  # X-Loop, List-Id, List-Post or Delivered-To of this list stands in it already
    received: int  # Received fields
    automatic: str | None  # why it is an automatic mail (core/mail/automatic.py), else None
    null_sender: bool
    authentication: Literal["pass", "fail", "unsure", "none"]  # core/senders/authentication.py: verdict
    distributed: bool  # this list has sent the same Message-ID with the same bytes
    empty: bool  # neither text nor attachment
    # An answer in the very words of several others that its author sent here on that day
    same_words: bool = False
    # Some mails with its author, Date, beginning and files have come to the list before
    same_date: bool = False
    posting: PostingAction | None = None  # what was decided about this author on this list
    notice: bool = False  # its Subject begins as vacation notes do (core/mail/automatic.py)
    spam: str | None = None  # what our own mail exchanger said of it where that is too much, else None
    filtered: Filter | None = None  # the first of the list's filters that fits
    first: bool = False  # nothing of this author's went out on this list before, as far as that is asked
    recipients: int = 0  # members of the list, where the guard wants to know
    short_reply: bool = False  # core/lists/short_reply.py
    lists: int = 1  # how many lists of ours it is addressed to
    target: Selector | None = None  # whom its first line names (core/lists/target.py)
    target_fault: Fault | None = None  # why that line cannot be read
    targeted: int = 0  # members of the list whom it names
    sample: str = ""  # the first of them by name
    confirmed: bool = False  # its author has said, in reply to a mail of ours, that it shall go out


@dataclass(frozen=True)
class Accept:
    """The post goes to every member."""


@dataclass(frozen=True)
class Hold:
    """The secretariat decides."""

    rule: str
    reason: str


@dataclass(frozen=True)
class Ask:
    """The author decides, in reply to a mail of ours; without his word nobody gets the post."""

    rule: str
    reason: str


@dataclass(frozen=True)
class Reject:
    """The author gets this sentence, and nobody the post."""

    rule: str
    reason: str


@dataclass(frozen=True)
class Discard:
    """Nobody gets anything; the reason stands in the queue."""

    rule: str
    reason: str


Disposition = Accept | Hold | Ask | Reject | Discard


@dataclass(frozen=True)
class _Finding:
    """What a rule decides when it applies, with its sentence in both languages."""

    disposition: type[Hold | Ask | Reject | Discard]
    ja: str
    en: str


@dataclass(frozen=True)
class _Rule:
    """One question; `check` answers None when the rule lets the post pass, and then `ja` and `en` say so."""

    name: str
    check: Callable[[PostQuestion, MailingList], _Finding | None]
    ja: str
    en: str


def has_been_through(
    fields: Iterable[tuple[str, str]], name: str, domain: str, former: Iterable[str] = ()
) -> bool:
    """Tell whether a mail bears marks of the list `name` already (promises.md I13).

    Our copies have X-Loop, List-Id and List-Post; those of a list whose domain has changed name a `former` domain.

    Delivered-To is written by whoever delivers to the list's address, above all Received fields that are there:

    * By SMTP or LMTP a mail has our own Received on top. The server in front of us writes Delivered-To above every other
      Received; further below, it is of an earlier round. Where no other Received is there, no server was in front of us,
      and any Delivered-To is of an earlier round.
    * In a mailbox that we read, the list's own server may have passed the mail on to the mailbox's server, so only
      Delivered-To at two places shows a second round. A mail may lie there without any Received: a program put it there.
    """
    domains = [one.lower() for one in (domain, *former)]
    own = {f"{name}@{one}" for one in domains}
    marks = {
        "x-loop": own,
        "list-id": {f"<{name}.{one}>" for one in domains},
        "list-post": {f"<mailto:{one}>" for one in own},
    }
    hops, came_to_us = 0, False
    delivered: list[int] = []  # of each Delivered-To, how many other servers' Received stand above it
    for field, value in fields:
        words = value.lower()
        match field.lower():
            case "x-loop" | "list-id" | "list-post" as mark if not marks[mark].isdisjoint(
                words.replace(",", " ").split()
            ):
                return True
            case "received" if hops or f"by {domain} with " not in words:  # not ours, which is the first
                hops += 1
            case "received":
                came_to_us = True
            case "delivered-to" if words.strip() in own:
                delivered.append(hops)
    if came_to_us:
        return any(above > 0 or not hops for above in delivered)
    rounds = len(set(delivered)) if hops else len(delivered)
    return rounds > 1


def moderate(question: PostQuestion, mailing_list: MailingList, language: Language = "ja") -> Disposition:
    """Return what becomes of the post: the first rule that applies decides."""
    for rule in _RULES:
        finding = rule.check(question, mailing_list)
        if finding is not None:
            return finding.disposition(rule.name, _sentence(finding, language))
    return Accept()


def explain(
    question: PostQuestion, mailing_list: MailingList, language: Language = "ja"
) -> tuple[tuple[str, str], ...]:
    """Return every rule's name with its result in a sentence, also of those after the one that decides."""
    return tuple(
        (rule.name, _sentence(rule.check(question, mailing_list) or rule, language)) for rule in _RULES
    )


def _sentence(of: _Finding | _Rule, language: Language) -> str:
    return of.ja if language == "ja" else of.en


def _same_post(question: PostQuestion, _: MailingList) -> _Finding | None:
    if not question.distributed:
        return None
    return _Finding(
        Discard,
        "同じメール（Message-IDと内容が同じもの）は、すでにこのリストに配信しています。",
        "The same mail (same Message-ID, same content) has already gone out to this list.",
    )


def _loop(question: PostQuestion, mailing_list: MailingList) -> _Finding | None:
    if question.own_list_fields:
        return _Finding(
            Hold,
            f"このメールは、すでに{mailing_list.title}を一度通っています（配信の輪のおそれ）。",
            f"This mail has been through {mailing_list.name} before: it may be a loop.",
        )
    if question.same_date:
        return _Finding(
            Hold,
            f"差出人、日付（Date）、書き出しの同じメールが、{SAME_DATE + 1}通届きました（配信の輪のおそれ）。",
            f"{SAME_DATE + 1} mails of its author with this Date and this beginning have come: it may be a loop.",
        )
    if question.received > RECEIVED_LIMIT:
        return _Finding(
            Hold,
            f"中継の回数が{question.received}回で、{RECEIVED_LIMIT}回を超えています（配信の輪のおそれ）。",
            f"This mail was relayed {question.received} times, more than {RECEIVED_LIMIT}: it may be a loop.",
        )
    return None


def _automatic(question: PostQuestion, _: MailingList) -> _Finding | None:
    if question.null_sender:
        return _Finding(
            Discard,
            "差出人が空のメール（不達通知や自動応答）は配信しません。",
            "A mail with a null sender (a bounce or an automatic answer) is not distributed.",
        )
    if question.automatic is not None:
        return _Finding(
            Discard,
            f"自動応答のメールは配信しません（{question.automatic}）。",
            f"An automatic mail is not distributed ({question.automatic}).",
        )
    return None


def _not_a_notice(question: PostQuestion, _: MailingList) -> _Finding | None:
    if not question.notice:
        return None
    return _Finding(
        Hold,
        "件名が、不在通知などの自動応答のもののようです。",
        "Its Subject reads like that of a vacation note or another automatic answer.",
    )


def _same_words(question: PostQuestion, _: MailingList) -> _Finding | None:
    if not question.same_words:
        return None
    return _Finding(
        Hold,
        f"この差出人から、同じ文面の返信が1日に{SAME_WORDS + 1}通届きました（自動応答による配信の輪のおそれ）。",
        f"Its author has sent {SAME_WORDS + 1} answers in these very words on one day: they may be automatic, and a loop.",
    )


def _one_author(question: PostQuestion, _: MailingList) -> _Finding | None:
    if question.author is not None:
        return None
    return _Finding(
        Hold, "差出人（From）を一人に決められません。", "The From field does not name exactly one author."
    )


def _not_forged(question: PostQuestion, _: MailingList) -> _Finding | None:
    if question.authentication == "unsure":
        return _Finding(
            Hold,
            "差出人のドメインに問い合わせましたが、答えがないため、本人のメールか確かめられませんでした。",
            "The author's domain could not be asked whether this mail is its own (the DNS gave no answer).",
        )
    if question.authentication != "fail":
        return None
    return _Finding(
        Hold,
        "差出人のドメインが、このメールを自分のものと認めていません（DMARC不合格）。",
        "The author's domain disowns this mail (DMARC failed).",
    )


def _not_stopped(_: PostQuestion, mailing_list: MailingList) -> _Finding | None:
    if not mailing_list.stopped:
        return None
    return _Finding(
        Hold,
        f"{mailing_list.title}の配信は、いま止めています。",
        f"{mailing_list.name} is stopped at present.",
    )


def _author_decided(question: PostQuestion, mailing_list: MailingList) -> _Finding | None:
    match question.posting:
        case "hold":
            return _Finding(
                Hold,
                "この差出人の投稿は、配信の前に担当が確認することになっています。",
                "What this author posts is looked at before it goes out.",
            )
        case "reject":
            return _Finding(
                Reject,
                f"お使いのアドレスからは、{mailing_list.title}に投稿できないことになっています。事務局にお尋ねください。",
                f"Your address may not post to {mailing_list.name}; please ask the office.",
            )
        case "discard":
            return _Finding(
                Discard,
                "この差出人の投稿は、配信しないことになっています。",
                "What this author posts is put aside.",
            )
        case "accept" | None:
            return None


def _may_post(question: PostQuestion, mailing_list: MailingList) -> _Finding | None:
    if question.posting == "accept":
        return None
    match mailing_list.preset:
        case "announce":
            allowed = question.office or question.poster
            sentence = (
                f"{mailing_list.title}はお知らせ専用のため、投稿できるのは事務局だけです。{_ASK_OFFICE}",
                f"{mailing_list.name} is for announcements: only the secretariat may post. Please write to it.",
            )
        case "closed":
            allowed = question.member or question.office or question.poster
            sentence = (
                f"{mailing_list.title}に投稿できるのは、このリストのメンバーだけです。{_ASK_TO_JOIN}",
                f"Only members of {mailing_list.name} may post to it. Please ask the secretariat if you wish to join.",
            )
        case "open":
            allowed = question.member or question.contact or question.office or question.poster
            sentence = ("", "")  # whoever is registered may post
    if allowed:
        return None
    if question.member or question.contact:
        return _Finding(Reject, *sentence)
    return _Finding(
        Hold, "差出人のアドレスが名簿にありません。", "The author's address is not in the register."
    )


def _size(question: PostQuestion, mailing_list: MailingList) -> _Finding | None:
    if question.size <= mailing_list.max_size:
        return None
    size, limit = _sizes(question.size, mailing_list.max_size)
    return _Finding(
        Reject,
        f"メールの大きさが{size}で、上限の{limit}を超えています。添付ファイルは、送るときに約1.4倍の大きさになります。"
        "添付ファイルを減らして、もう一度お送りください。",
        f"The mail has {size}, more than the {limit} that this list takes; files grow by a third when they are sent. "
        "Please send it again with less attached.",
    )


def _content(question: PostQuestion, _: MailingList) -> _Finding | None:
    if not question.empty:
        return None
    return _Finding(
        Reject,
        "本文も添付ファイルもありません。お書きになった内容を確かめて、もう一度お送りください。",
        "The mail has neither text nor attachment; look at what you wrote and send it again.",
    )


def _no_spam(question: PostQuestion, _: MailingList) -> _Finding | None:
    if question.spam is None:
        return None
    return _Finding(
        Hold, f"迷惑メールの疑いがあります（{question.spam}）。", f"It may be spam ({question.spam})."
    )


def _filters(question: PostQuestion, _: MailingList) -> _Finding | None:
    found = question.filtered
    if found is None:
        return None
    disposition: type[Hold | Reject | Discard]
    match found.then:
        case "hold":
            disposition = Hold
        case "reject":
            disposition = Reject
        case "discard":
            disposition = Discard
    return _Finding(
        disposition,
        found.reason or f"{found.field}に「{found.contains}」があります。",
        found.reason or f'Its {found.field} contains "{found.contains}".',
    )


def _moderated(question: PostQuestion, mailing_list: MailingList) -> _Finding | None:
    if question.posting == "accept":
        return None
    if mailing_list.moderated == "yes":
        return _Finding(
            Hold,
            "このリストの投稿は、すべて配信の前に担当が確認します。",
            "Every post to this list is looked at before it goes out.",
        )
    if mailing_list.moderated == "new" and question.first:
        return _Finding(
            Hold,
            "このリストへのはじめての投稿のため、配信の前に担当が確認します。",
            "It is its author's first post to this list, and is looked at before it goes out.",
        )
    return None


def _target(question: PostQuestion, mailing_list: MailingList) -> _Finding | None:
    if question.target_fault is not None:
        return _Finding(
            Reject,
            f"「宛先:」の行を読み取れないため、どなたにも配信しておりません（{WHY_NOT['ja'][question.target_fault]}）。"
            "「宛先: 都道府県=長野,新潟 種別=市 除く タグ=officer」のようにお書きください。",
            f"Its first line names whom it is for and cannot be read, so that nobody got it "
            f"({WHY_NOT['en'][question.target_fault]}). Please write it as in "
            '"to: prefecture=長野 kind=city except tag=officer".',
        )
    if question.target is None:
        return None
    if not question.targeted:
        return _Finding(
            Reject,
            f"「宛先:」に当たる方が{mailing_list.title}にいらっしゃらないため、どなたにも配信しておりません。",
            f"Nobody on {mailing_list.name} is meant by its first line, so that nobody got it.",
        )
    if question.confirmed:
        return None
    return _Finding(
        Ask,
        f"「宛先:」の行により、{mailing_list.title}のうち{question.targeted}名（{question.sample}）だけに配信します。",
        f"By its first line it goes to {question.targeted} members of {mailing_list.name} only ({question.sample}).",
    )


def _guard(question: PostQuestion, mailing_list: MailingList) -> _Finding | None:
    many = mailing_list.guard and question.recipients > mailing_list.guard
    if question.confirmed or question.target or mailing_list.preset == "announce" or not many:
        return None
    if question.short_reply:
        return _Finding(
            Ask,
            f"短いお返事のようです。このまま配信すると、{question.recipients}名の全員に届きます。",
            f"It looks like a short reply, and would go to all {question.recipients} members.",
        )
    if question.lists > 1:
        return _Finding(
            Ask,
            f"{question.lists}つのリストにあてた投稿です。{mailing_list.title}では{question.recipients}名の全員に届きます。",
            f"It is addressed to {question.lists} lists; on {mailing_list.name} it would go to all "
            f"{question.recipients} members.",
        )
    return None


def _author_policy(question: PostQuestion, mailing_list: MailingList) -> _Finding | None:
    if mailing_list.author == "aligned" and question.authentication != "pass":
        return _Finding(
            Hold,
            "このリストは差出人の認証（SPF、DKIM、DMARCのいずれかの合格）を求めますが、確かめられませんでした。",
            "This list wants the author authenticated (aligned SPF, DKIM or DMARC), and nothing vouches for him.",
        )
    if mailing_list.author == "confirm" and not question.confirmed:
        return _Finding(
            Ask,
            "このリストへの投稿には、差出人ご本人の確認が必要です。",
            "A post to this list needs a confirmation by its author.",
        )
    return None


def _sizes(size: int, limit: int) -> tuple[str, str]:
    """Return how large a mail is and may be, in the largest unit in which both differ."""
    mega = f"{size / 1_048_576:.1f} MB", f"{limit / 1_048_576:.1f} MB"
    if limit >= 1_048_576 and mega[0] != mega[1]:
        return mega
    return f"{-(-size // 1024):,} KB", f"{limit // 1024:,} KB"


# Nobody is answered before it is known that the mail is no loop, no automatic one, not forged, and from somebody
# registered: a refusal to a stranger would be backscatter (promises.md I14).
_RULES = (
    _Rule("same-post", _same_post, "初めて届いたメールです。", "The mail arrives for the first time."),
    _Rule("loop", _loop, "配信の輪ではありません。", "It is no loop."),
    _Rule("automatic", _automatic, "自動応答ではありません。", "It is no automatic mail."),
    _Rule(
        "notice",
        _not_a_notice,
        "件名は自動応答のものではありません。",
        "Its Subject is not that of an automatic answer.",
    ),
    _Rule(
        "same-words",
        _same_words,
        "同じ文面の返信が続いてはいません。",
        "It does not repeat its author's earlier answers.",
    ),
    _Rule("one-author", _one_author, "差出人は一人です。", "It names exactly one author."),
    _Rule(
        "not-forged",
        _not_forged,
        "差出人のドメインは異議を唱えていません。",
        "The author's domain does not disown it.",
    ),
    _Rule("not-stopped", _not_stopped, "リストは止まっていません。", "The list is not stopped."),
    _Rule(
        "author-decided",
        _author_decided,
        "この差出人だけの決まりはありません。または、投稿を認めています。",
        "Nothing was decided against this author.",
    ),
    _Rule("may-post", _may_post, "差出人は投稿できます。", "The author may post here."),
    _Rule("size", _size, "大きさは上限以内です。", "It is not too large."),
    _Rule("content", _content, "本文または添付ファイルがあります。", "It has text or an attachment."),
    _Rule("no-spam", _no_spam, "迷惑メールの印はありません。", "Nothing marks it as spam."),
    _Rule("filters", _filters, "リストの条件のどれにも当たりません。", "It fits none of the list's filters."),
    _Rule(
        "author-policy",
        _author_policy,
        "差出人の確認は足りています。",
        "The list asks no more proof of its author.",
    ),
    _Rule("moderated", _moderated, "担当の確認は要りません。", "No moderator needs to look at it."),
    _Rule("target", _target, "配信先を限る行はありません。", "Its first line does not say whom it is for."),
    _Rule(
        "guard",
        _guard,
        "全員への配信を確かめる必要はありません。",
        "Nobody need be asked whether all shall get it.",
    ),
)
