"""Votes on all motions of a resolution in one sentence: 「全議案に賛成いたします」, 「議案2のみ反対、他は賛成です」 (ballot.md section 8)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date

from mailbot.core.reading.grammar.answer import read_answer
from mailbot.core.reading.grammar.understood import Understood
from mailbot.core.reading.grammar.words_behind import reserves, stands_beside
from mailbot.core.reading.text.known_text import LONGEST_LINE, Known, line_key
from mailbot.core.reading.text.numeral import kanji_number
from mailbot.core.reading.text.prose import is_greeting
from mailbot.core.reading.text.tidy import end_of, tidy, unquoted
from mailbot.core.surveys.survey import Question, Survey

_LONGEST = 200  # characters of such a sentence
_MOST_LEADS = 4
_FULL_STOP = re.compile("。")
_MOST_CLAUSES = 20

_SPOKEN = re.compile("賛|反対|棄権|承認|同意|異議|[○〇◯×✕]|サンセイ|ハンタイ|キケン")
_OWN_NAME = re.compile(
    r"(?P<name>[^\s、。:はがを]{1,20}[市町村区県合])(?:役場|役所|です|の[^\s、。]{1,8}です|(?=[。、]))*[。、]\s?"
)
_AS_BODY = re.compile(
    r"(?P<name>[^\s、。:はがを]{1,20}[市町村区県合])(?:役場|役所)?(?:と(?:いた|致)?しまして|として)?は[、,]?\s?"
)
# What the sentence is about, or who speaks, before the motions: 「総会の件、」, 「当市としましては」.
_LEAD = re.compile(
    r"(?:さて[、,]\s?)?(?:(?:標記|首記|表記|表題|件名|ご?照会|お尋ね|総会|書面(?:表決|総会|議決)|このこと|(?:本|この)件(?=に|[、,は])|(?:表決|賛否)(?=\s?:))"
    r"(?:の(?:件|書面表決|表決|書面総会|総会))?(?:(?:ですが|につ(?:いて|きまして)は?|に関しまして|に関して?は?|は)[、,\s]*|\s?:\s?|[、,]\s?)"
    r"|(?:原案|ご?提案)(?:の?(?:とおり|通り)|どおり)(?:で|に)?[、,]\s?"
    r"|(?:(?:課|係|部|局|室|庁|町|市|村|組合|団体)内|内部|[市町村]長|上司|[課部局室]長|関係(?:各)?課|担当課|財政課)(?:で|と|に|にて|まで|の)(?:確認|協議|検討|相談|合議|審議|決裁|承認|了解|了承)"
    r"(?:を(?:し|行い|行った結果|経て|経まして|得て|得まして|得ましたので|受け|受けましたので))?(?:(?:いた|致)?し(?:まし)?(?:て|た結果|たところ|たうえで|た上で|たので)?|の(?:うえ|上)で?|の結果)?[、,]\s?"
    r"|(?:(?:誠に|大変)?(?:申し訳(?:あり|ござい)ません|恐縮です|恐れ入ります|残念です)が|残念ながら)[、,]\s?|(?:今回|この(?:たび|度))は[、,]?\s?"
    r"|[当本弊](?:市|町|村|県|府|都|道|区|団体|組合|広域連合)(?:と(?:いた|致)?しまして|として)?は[、,\s]*)"
)
_SEEN = re.compile(
    r"(?:(?:ご?送付|お送り)(?:いただ(?:いた|きました)|の)\s?)?(?:総会|会議|議案)?の?(?:資料|議案書?|書類|ご?案内|ご?通知)を?(?:拝見|拝受|拝読|確認|受領)(?:いた|致)?しました。"
)
_COUNT = r"(?P<count>[0-9]{1,2}|[一二三四五六七八九十]{1,2})"
_BEFORE = "(?P<before>[0-9]{1,2}|[一二三四五六七八九十]{1,2})"
_EACH = r"(?:いずれ(?:に)?も|どれも|すべて|全て|全部|とも|共に|一括して)"
_ALL = re.compile(
    r"(?:(?:ご提案|上程|提出|送付|お示し|標記|今回)(?:の|(?:いただい|され)た)\s?)?"
    rf"(?:(?:全|全て|すべて|全部|総て|いずれ)の?\s?(?:(?P<counted>[0-9]{{1,2}})\s?)?(?:議案|案件)|(?<=の){_COUNT}\s?議案"
    rf"|{_BEFORE}\s?(?:議案|件|つ)(?=\s?(?:の|、)?{_EACH}))"
)
_NUMBER = "[0-9]{1,2}"
# 「議案1、3は」: only before a particle, since 「議案1,2」 may be an option of motion 1.
_LIST = re.compile(
    rf"(?:議案\s?第?(?P<first>{_NUMBER})(?:号(?:議案)?)?(?P<more>(?:\s?(?:[、,・/&]|と|及び|および)\s?{_NUMBER}(?:号(?:議案)?)?){{1,8}})"
    rf"|第?(?P<begin>{_NUMBER})号?(?P<further>(?:\s?(?:[、,・/&]|と|及び|および)\s?第?{_NUMBER}号?){{1,8}})(?<=号)議案)(?=\s?(?:は|も|とも|が|に(?:は|つ)|の(?:み|議案)|いずれ)|\s?:|[、,\s]+[賛反棄])"
)
_EVERYTHING = re.compile(r"(?:すべて|全て|全部|いずれも|どれも)(?=[にの、,\s]*[賛反棄承同異原])")
_ONE = re.compile(rf"(?:第?({_NUMBER})号議案|議案\s?第?({_NUMBER})(?:号(?:議案)?)?)")
_RANGE = re.compile(
    rf"(?:議案\s?第?(?P<from_one>{_NUMBER})(?:号(?:議案)?)?|第?(?P<from_other>{_NUMBER})号(?:議案)?)\s?(?:から|~|ないし)\s?(?:議案)?\s?第?(?P<to>{_NUMBER})(?:号(?:議案)?)?(?:まで)?"
)
_THE_MOTION = re.compile("(?:本|当該|この|標記の?)?議案(?![0-9第])")
_BOTH = re.compile("両議案|(?:どちら|いずれ)の議案に?も|(?:どちら|いずれ)も(?=[、,]?[賛反棄承同異原])")
_AND = re.compile(r"\s?(?:[、,・/&]|と|及び|および|並びに|ならびに)\s?")
_REST = re.compile(
    rf"(?:その|それ)?(?:他|ほか|残り|以外)(?:の\s?(?:(?P<rest>{_NUMBER})\s?)?(?:議案|案件|もの|件))?(?=[はもにすい全、,\s])"
)
_JOINED = re.compile(
    rf"(?:の(?:議案|件|(?={_EACH})))?\s?(?:に(?:つ(?:いて|きまして|き)|関しまして|関して|対しまして|対して)(?:は|も)?|に(?:は|も)?|(?:のみ|だけ)(?:は|が|に)?|は|も|を|が)?[、,:\s]*{_EACH}?(?:は|に|を)?[、,:\s.・→=]*"
)
_ITS = re.compile(r"の|\s?[「『]?")
_VOTE = re.compile("(?=[賛反棄承同異原不白○×サハキ])")
_STEM = re.compile(
    r"(?P<stem>(?:原案(?:の?(?:とおり|通り)|どおり)?(?:に|で|を)?)?(?:賛成|反対|棄権|承認|不承認|同意|不同意|賛同|白票|[○×]"
    r"|異議は?(?:なし|ありません|ございません|あり)))(?:です|でお願いします|と?(?:いた|致)?します|と?し|で|に[1一]票)?(?:[、,。;/]\s?|\s)"
)


def speaks_of_votes(line: str) -> bool:
    """Say whether a line is short enough to be one sentence, and has a vote's word in it."""
    return len(line) <= _LONGEST and _SPOKEN.search(line) is not None


def voted_in_words(survey: Survey, line: str, known: Known) -> list[tuple[str, str]]:
    """Return (motion, vote in words) where a line is one whole sentence that votes on every motion, each once; else nothing.

    All motions are named: by 全議案, すべて, their number if it is right, a range or a list from the first to the last, その他 for
    those left, or their own words. Behind the last vote stands courtesy alone. Of a single motion its own words, 議案 or
    標記の件 suffice. Whatever else stands in the sentence (ただし, 修正, 一部, a remark) leaves it unread.
    """
    said = _without_greeting(unquoted(tidy(line)).strip(" ・●■◆*"), known)
    said = _without_their_names(survey, said)
    led = _led_in(said)
    for start in dict.fromkeys((led, 0)):
        votes = _clauses(survey, said[start:], led=start > 0)
        if votes:
            return votes
    return []


def voted_in_the_first_sentences(
    survey: Survey, line: str, known: Known
) -> tuple[list[tuple[str, str]], str]:
    """Return the votes of a line's first sentences, as `voted_in_words` does, and what stands behind them: thanks, a reason.

    「3議案とも賛成します。当日は伺えず申し訳ありません。」; nothing where that may change them.
    """
    for end in [match.end() for match in _FULL_STOP.finditer(line[:_LONGEST])][:_MOST_LEADS]:
        behind = line[end:].strip()
        votes = voted_in_words(survey, line[:end], known) if behind else []
        said = tidy(behind)
        thanks = _THANKS.search(said) is not None and not _SOME_ONLY.search(said)
        beside = thanks or (stands_beside(said, behind_sentence=True) and not reserves(said))
        if votes and (is_greeting(behind) or beside):
            return votes, behind
    return [], ""


# Of one motion, beside a sentence about all: 「（議案2を除く）」.
_OF_ONE = re.compile(
    r"議案\s?第?[0-9一二三四五六七八九]|[0-9]号議案|(?<!削)除[くきい]|^[\s(※]*(?:ただし|但し|なお[、,]?一部|一部)"
)
_TO_A_COLLEAGUE = re.compile(
    r"^[^\s、。]{0,12}(?:(?<!議)(?:部長|課長|係長|次長|室長|局長|補佐|主査|主任|主事|参事|主幹)(?:様|殿|へ|さん)?|さん|へ)[、,]?\s*$"
)


def may_be_limited(first: str, beside: Sequence[str]) -> bool:
    """Say whether a vote on all motions may be no vote on one of them, or a colleague's task to give it.

    `first`: the first line of the reply, 「課長へ」; `beside`: the lines that answer nothing, which may name a motion.
    """
    return _TO_A_COLLEAGUE.match(tidy(first)) is not None or any(
        _OF_ONE.search(tidy(line[:LONGEST_LINE])) for line in beside
    )


def _without_greeting(said: str, known: Known) -> str:
    """Return what follows greetings and the name of the body that we wrote to, each a sentence of its own."""
    while "。" in said[:-1]:
        first, _, behind = said.partition("。")
        named = _OWN_NAME.fullmatch(f"{first}。")
        own = named is not None and known.holds(line_key(named["name"]))
        seen = _SEEN.fullmatch(f"{first}。") is not None
        if not (own or seen or (is_greeting(f"{first}。") and not _SPOKEN.search(first))):
            break
        said = behind.strip()
    as_body = _AS_BODY.match(said)
    own = as_body is not None and known.holds(line_key(as_body["name"]))
    return said[as_body.end() :] if as_body is not None and own else said


_THANKS = re.compile(r"^[^。]*(?:感謝(?:(?:いた|致)?し|申し上げ)ます|ありがとうございま(?:す|した))。?$")
_SOME_ONLY = re.compile("のみ|だけ|他|ほか|残り|以外|除")
_WITH_ALL = re.compile("(?:とも|共に|いずれも|すべて|全て)")
_NAMES_BEHIND = re.compile(r"\s?\((?P<names>[^()]{1,60})\)[。.]?$")


def _without_their_names(survey: Survey, said: str) -> str:
    """Return a sentence without the names in brackets behind it that are those of every motion: 「すべて賛成（議案1～3）」."""
    behind = _NAMES_BEHIND.search(said)
    if behind is None or _SOME_ONLY.search(said):
        return said
    motions, end, _ = _motions(survey, behind["names"], 0, [])
    every = [question.id for question in survey.questions]
    if motions != every or _WITH_ALL.sub("", behind["names"][end:]):
        return said
    vote = said[: behind.start()]
    alone = _VOTE.match(vote) is not None and _is_vote(survey, every, vote)
    return f"全議案に{vote}" if alone else vote  # 「賛成いたします（議案1、議案2とも）」


def _led_in(said: str) -> int:
    """Return where the sentence begins behind what it is about and who speaks."""
    at = 0
    for _ in range(_MOST_LEADS):
        at += end_of(_LEAD, said[at:])
    return at


def _clauses(survey: Survey, said: str, *, led: bool) -> list[tuple[str, str]]:
    """Return the votes of a sentence, motion by motion in its own order; nothing: it is not wholly understood."""
    open_still = [question.id for question in survey.questions]
    votes: list[tuple[str, str]] = []
    own_words = True  # each clause so far names its motion by its own words
    at = 0
    for _ in range(_MOST_CLAUSES):
        motions, end, by_text = _motions(survey, said, at, open_still)
        if not motions:
            if votes or len(survey.questions) > 1 or not led:
                return []
            motions, end = open_still, at  # 「標記の件、賛成です」
        if not set(motions) <= set(open_still) or len(set(motions)) < len(motions):
            return []
        own_words = own_words and by_text
        end += end_of(_JOINED, said[end:])
        if not _VOTE.match(said, end):
            return []
        open_still = [each for each in open_still if each not in motions]
        if _is_vote(survey, motions, said[end:]):
            votes += [(each, said[end:]) for each in motions]
            return votes if not open_still or (own_words and len(votes) == 1) else []
        stem = _STEM.match(said, end)
        if stem is None or not _is_vote(survey, motions, stem["stem"]):
            return []
        votes += [(each, stem["stem"]) for each in motions]
        at = stem.end()
    return []


def _is_vote(survey: Survey, motions: list[str], written: str) -> bool:
    """Say whether words are one whole vote on each of the motions, with courtesy at most."""
    reads = [read_answer(survey.question(each), written, today=date.min) for each in motions]
    return all(isinstance(read, Understood) and not read.remark for read in reads)


def _motions(survey: Survey, said: str, at: int, open_still: list[str]) -> tuple[list[str], int, bool]:
    """Return the motions that are named here, where their names end, and whether it is by a motion's own words."""
    every = [question.id for question in survey.questions]
    by_text, end = _named_by_text(survey, said, at)
    if by_text:
        return by_text, end, True
    if found := _ALL.match(said, at):
        count = found["counted"] or found["count"] or found["before"]
        return (every if count is None or _number(count) == len(every) else []), found.end(), False
    if len(every) == 1 and (one := _THE_MOTION.match(said, at)):
        return every, one.end(), False
    if len(every) == 2 and (both := _BOTH.match(said, at)):
        return every, both.end(), False
    if found := _EVERYTHING.match(said, at):
        return every, found.end(), False
    if found := _RANGE.match(said, at):
        first, last = int(found["from_one"] or found["from_other"]), int(found["to"])
        named = "議案" in found[0]
        return ([f"Q{number}" for number in range(first, last + 1)] if named else []), found.end(), False
    if len(open_still) < len(every) and (found := _REST.match(said, at)):
        right = found["rest"] is None or int(found["rest"]) == len(open_still)
        return (open_still if right else []), found.end(), False
    return *_listed(said, at), False


def _named_by_text(survey: Survey, said: str, at: int) -> tuple[list[str], int]:
    """Return the motions named by their own words one after another, each perhaps behind its number: 「規約の改正と役員の選任」."""
    motions: list[str] = []
    end = at
    while len(motions) < _MOST_CLAUSES:
        begin = end + end_of(_AND, said[end:]) if motions else end
        one = _ONE.match(said, begin)
        after = end_of(_ITS, said[one.end() :]) if one else 0
        start = one.end() + after if one and after else begin
        named = next(
            (each for each in survey.questions if _text_end(survey, each, said, start) > start), None
        )
        if named is None or (one and after and named.id != f"Q{int(one[1] or one[2])}"):
            break
        motions.append(named.id)
        end = _text_end(survey, named, said, start)
    return motions, end


def _listed(said: str, at: int) -> tuple[list[str], int]:
    """Return the motions of a list: 「議案1、3は」, or each with its mark: 「議案1、議案3」, 「第1号議案と第2号議案」."""
    if found := _LIST.match(said, at):
        first, more = found["first"] or found["begin"], found["more"] or found["further"]
        numbers = [int(number) for number in (first, *re.findall(_NUMBER, more))]
        return ([f"Q{number}" for number in numbers] if numbers == sorted(numbers) else []), found.end()
    motions: list[str] = []
    end = at
    while (one := _ONE.match(said, end)) and len(motions) < _MOST_CLAUSES:
        motions.append(f"Q{int(one[1] or one[2])}")
        end = one.end()
        between = _AND.match(said, end)
        if between is None or not _ONE.match(said, between.end()):
            break
        end = between.end()
    return motions, end


_BRACKETS_BEHIND = re.compile(r"(?P<before>[^()]{2,})\((?P<inside>[^()]{4,})\)")


def _text_end(survey: Survey, question: Question, said: str, at: int) -> int:
    """Return where the motion's own words end that stand here, with its brackets, without them, or those in them alone; `at`: they do not."""
    words = unquoted(tidy(question.text))
    short = _BRACKETS_BEHIND.fullmatch(words)
    others = [unquoted(tidy(other.text)) for other in survey.questions if other is not question]
    parts = [part.strip() for part in short.groups()] if short else []
    alone = [part for part in parts if not any(part in other for other in others)]
    for each in (words, *alone):
        if len(each) > 1 and said.startswith(each, at):
            return at + len(each)
    return at


def _number(written: str) -> int | None:
    return int(written) if written.isdigit() else kanji_number(written)
