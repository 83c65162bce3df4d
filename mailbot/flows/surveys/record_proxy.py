"""Record a proxy 委任 in a resolution: to the chair or to another member, once, before the close (ballot.md section 11)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection

from mailbot.core.calendar import Language
from mailbot.core.members.body_name import bodies_called, name_key
from mailbot.core.members.register import Body
from mailbot.core.refusal import Refusal
from mailbot.core.surveys.ledger import IN_TALLY, Standing, standing
from mailbot.core.surveys.resolution import CHAIR, Proxy
from mailbot.core.surveys.survey import Resolution
from mailbot.flows.surveys.tell_holder import tell_voter
from mailbot.site import Site
from mailbot.store.members import members
from mailbot.store.surveys import ballots, ledgers, proxies, surveys
from mailbot.store.surveys.surveys import StoredSurvey

_CHAIR_WORDS = frozenset(
    {"議長", "会議の議長", "議長一任", "一任", "chair", "thechair", "chairman", "thechairman"}
)

_SAID: Mapping[Language, Mapping[str, str]] = {
    "ja": {
        "none": "{key} という書面表決はありません。",
        "survey": "{key} は書面表決ではなく調査です。委任はできません。",
        "not open": "{key} は受付中ではありません。委任は、受付中に届いたものだけを記録します。",
        "sealed": "{key} は無記名の表決です。委任を記録すると受任者の表決が分かるため、委任はできません。ご自身で表決してください。",
        "giver": "{giver}には {key} の表決権がありません。委任は記録していません。",
        "voted": "貴団体の表決を受け付け済みです。委任なさるときは、先に「取下げ」とご返信ください。",
        "holder": "「{to}」に当たる団体が、表決権のある会員に見当たりません。"
        "「委任 議長」または「委任 団体名」の形でお書きください。",
        "several": "「{to}」に当たる団体が2つ以上あります。都道府県名を付けるか、団体コードでお書きください。",
        "self": "ご自身の団体には委任できません。番号で表決してください。",
        "holds": "貴団体は他の会員から委任を受けています。受けた委任をさらに委任することはできません。ご自身で表決してください。",
        "gave": "{holder}は既に表決を委任しています。ほかの会員か議長をお書きください。",
        "chair gave": "議長の団体は既に表決を委任しているため、議長への委任はできません。ほかの会員をお書きください。",
        "same": "{key}: {giver}から{holder}への委任は、既に記録しています。",
        "recorded": "{key}: {giver}から{holder}への委任を記録しました。",
        "holder voted": "受任者は既に表決されていますので、受任者がもう一度表決されたときに、貴団体の賛否として数えます。",
        "no chair": "議長への委任は、定足数にだけ数えます。",
        "chair": "議長",
    },
    "en": {
        "none": "there is no resolution {key}.",
        "survey": "{key} is a survey, not a resolution; it knows no proxies.",
        "not open": "{key} is not open; only a proxy that comes while it is open is recorded.",
        "sealed": "{key} is a secret vote; a proxy would show how its holder voted. Please vote yourself.",
        "giver": "{giver} has no vote in {key}; no proxy was recorded.",
        "voted": 'Your vote is received already. To give a proxy instead, first reply "withdraw".',
        "holder": 'No member entitled to vote is called "{to}". Write "proxy to chair" or "proxy to" and a member\'s name.',
        "several": 'Several members are called "{to}". Add the prefecture, or write the code of the body.',
        "self": "A proxy to your own body means nothing; please vote by number.",
        "holds": "Your body holds a proxy of another member, and a proxy cannot be passed on. Please vote yourself.",
        "gave": "{holder} has given a proxy itself; name another member or the chair.",
        "chair gave": "The chair's body has given a proxy itself; name another member.",
        "same": "{key}: the proxy of {giver} to {holder} is recorded already.",
        "recorded": "{key}: the proxy of {giver} to {holder} is recorded.",
        "holder voted": "The holder has voted already; the proxy takes part once the holder votes again.",
        "no chair": "A proxy to the chair counts for the quorum alone.",
        "chair": "the chair",
    },
}


def record_proxy(
    connection: Connection,
    site: Site,
    key: str,
    giver_code: str,
    to: str,
    *,
    by: str,
    inbox_id: int | None,
    now: datetime,
    words: str = "",
) -> str:
    """Record that a body gives its vote to `to` (議長, a code or the name of a body); returns the sentence that says so.

    `by`: the From address, or "office"; `now`: when the proxy was received; `words`: what a proxy on paper says, `to`
    by default. It takes the place of an earlier proxy of the same giver. Who holds it now, and who no longer does, is
    told. Raises Refusal, with a sentence for the giver, before anything is changed.
    """
    said = _SAID[site.language]
    stored = surveys.lock(connection, key)
    resolution = _open_resolution(stored, key, now, said)
    electorate = dict.fromkeys(ballot.code for ballot in ballots.of_subject(connection, key))
    names = members.bodies(connection)
    giver = names[giver_code].name if giver_code in names else giver_code
    if giver_code not in electorate:
        raise Refusal(said["giver"].format(giver=giver, key=key))
    if _has_voted(standing(ledgers.rows(connection, key, giver_code))):
        raise Refusal(said["voted"])
    holder = find_holder(to, [names[code] for code in electorate], site.language)
    given = {proxy.code: proxy for proxy in proxies.standing(connection, key)}
    _refuse_chains(giver_code, holder, resolution, given, names, said)
    shown = said["chair"] if holder == CHAIR else names[holder].name
    before = given.get(giver_code)
    if before is not None and before.holder == holder:
        return said["same"].format(key=key, giver=giver, holder=shown)
    new = Proxy(giver_code, holder, now, (words or to).strip(), by)
    proxies.add(connection, key, new, inbox_id)
    if before is not None:
        tell_voter(connection, site, key, before, now, ended_at=now, inbox_id=inbox_id)
    tell_voter(connection, site, key, new, now, inbox_id=inbox_id)
    more = ""
    if holder == CHAIR:
        more = "" if resolution.chair else said["no chair"]
    elif _has_voted(standing(ledgers.rows(connection, key, holder))):
        more = said["holder voted"]
    recorded = said["recorded"].format(key=key, giver=giver, holder=shown)
    return recorded + more if site.language == "ja" else f"{recorded} {more}".strip()


def end_proxy(
    connection: Connection,
    site: Site,
    key: str,
    giver_code: str,
    at: datetime,
    now: datetime,
    *,
    inbox_id: int | None,
) -> bool:
    """End the proxy of a body that votes itself or withdraws, `at` the moment when that came; says whether there was one."""
    ended = proxies.end(connection, key, giver_code, at)
    if ended is not None:
        tell_voter(connection, site, key, ended, now, ended_at=at, inbox_id=inbox_id)
    return ended is not None


def holder_words(language: Language, names: Mapping[str, Body], proxy: Proxy) -> str:
    """Return who holds a proxy: 議長, or the name of the body."""
    if proxy.holder == CHAIR:
        return _SAID[language]["chair"]
    return names[proxy.holder].name if proxy.holder in names else proxy.holder


def _open_resolution(
    stored: StoredSurvey | None, key: str, now: datetime, said: Mapping[str, str]
) -> Resolution:
    if stored is None:
        raise Refusal(said["none"].format(key=key))
    resolution = stored.survey.resolution
    if resolution is None:
        raise Refusal(said["survey"].format(key=key))
    if stored.state != "open" or now >= stored.survey.closes:
        raise Refusal(said["not open"].format(key=key))
    if stored.survey.mode == "sealed":
        raise Refusal(said["sealed"].format(key=key))
    return resolution


def _has_voted(stands: Standing | None) -> bool:
    return stands is not None and stands.row.status in IN_TALLY


def find_holder(to: str, entitled: list[Body], language: Language) -> str:
    """Return the code of the body that is named, or CHAIR. Raises Refusal when it is none, or not one alone."""
    said = _SAID[language]
    if name_key(to) in _CHAIR_WORDS:
        return CHAIR
    found = bodies_called(to, entitled)
    if not found:
        raise Refusal(said["holder"].format(to=to.strip()))
    if len(found) > 1:
        raise Refusal(said["several"].format(to=to.strip()))
    return found[0].code


def _refuse_chains(
    giver: str,
    holder: str,
    resolution: Resolution,
    given: Mapping[str, Proxy],
    names: Mapping[str, Body],
    said: Mapping[str, str],
) -> None:
    """Refuse a proxy of a proxy, and so every circle: nobody who gives may hold, nobody who holds may give."""
    held = {resolution.chair if proxy.holder == CHAIR else proxy.holder for proxy in given.values()}
    voter = resolution.chair if holder == CHAIR else holder
    if voter == giver:
        raise Refusal(said["self"])
    if giver in held:
        raise Refusal(said["holds"])
    if voter in given:
        refusal = said["chair gave"] if holder == CHAIR else said["gave"]
        raise Refusal(refusal.format(holder=names[voter].name))
