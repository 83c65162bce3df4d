"""Yes and no, votes among them, as members write them: words of closed lists, printed options, a question's own verb (ballot.md section 7)."""

from __future__ import annotations

import re
from dataclasses import replace

from mailbot.core.reading.doubts.undone import undoes
from mailbot.core.reading.grammar.gainsaid import says_otherwise
from mailbot.core.reading.grammar.items import ALTERNATIVE, TICKS, as_printed, read_items
from mailbot.core.reading.grammar.printed_options import POLITELY, YESNO, yesno_values
from mailbot.core.reading.grammar.remark import CONDITION, DENIED, courtesy_end, read_remark
from mailbot.core.reading.grammar.understood import Read, Unclear, Understood
from mailbot.core.reading.grammar.words_behind import explains_vote, is_vote
from mailbot.core.reading.text.tidy import CIRCLES, end_of, label_key, tidy
from mailbot.core.surveys.survey import Question

_EITHER = re.compile(r"(?:[\s,、・/;&]|及び|および|と|か|または|又は|もしくは|or\b)+")
_AS_PROPOSED = re.compile(
    r"(?:原案|改正案|本案|ご?提案)(?:(?:の?(?:とおり|通り)|どおり|通り)(?:に|で)?|[にを])[、,]?\s?(?=賛成|賛同|承認|同意|可決|反対|異議)"
    r"|(?:特に|特段の?)\s?(?=異議)|異議(?:な[くし]|は?(?:あり|ござい)ませんので)[、,]?\s?(?=賛成|賛同|承認|同意)"
)
_DISSENT, _NO_DISSENT = re.compile("あり|有り?"), re.compile("なし|無し?")
_ASKED_OF_OTHERS = frozenset({"承認", "同意", "了承", "賛同"})
_LONGEST_FIRST = tuple(sorted(YESNO, key=len, reverse=True))


# An abstention where one is offered; else 「△（係長が兼ねています）」 is half a yes, and who writes 棄権 still abstains.
_NEITHER = ("△", "保留")
_ASSENT = f"{CIRCLES}{TICKS}"
_ASKED_POLITELY = re.compile(r"(?P<stem>[^はがをにでと、。\s]{1,12})ますか[?？]?$")


# 「今年度に研修を行いましたか」: 「行いました」, 「行っていない」.
_ASKED_IF_IT_WAS = re.compile(r"(?P<verb>[一-龠]{1,4})[ぁ-ん]{0,3}(?:ました|て(?:い|お)り?ます)か[?？]?$")
_DONE_SO = re.compile(
    "行|実施|開催|や(?=[りっ])"
)  # 「実施しました」, 「やりました」 to 「行いましたか」; not やめました
_IT_WAS = re.compile(r"[ぁ-ん]{0,2}?(?:ました|て(?:い|お)り?ます|ている)")
_IT_WAS_BRIEFLY = re.compile(r"した|った|済み?(?:です)?")
_IT_WAS_NOT = re.compile(r"[ぁ-ん]{0,2}?(?:て(?:い|お)?り?(?:ません|ない)|ませんでした|なかった)(?:です)?")


# 「使っています」 to 「生成AIを業務で利用していますか」
_ASKED_IF_USED = re.compile("(?:利用|使用|活用)して(?:い|おり)ますか[?？]?$")
_USES = re.compile(r"(?:まだ)?使(?:って|用して)(?:い|おり)(?:(?P<is>ます)|ません)")


_SHORTEST_TAIL = 5  # characters


def _says_question_again(question: Question, written: str) -> str | None:
    """Return yes or no where the question's own end is the answer: 「受けたことがあります」 to 「外部監査を受けたことがありますか」."""
    asked = tidy(question.text).rstrip("?")
    if not asked.endswith("ますか"):
        return None
    stated = asked.removesuffix("か")
    if stated.endswith(written):
        return "yes"
    denied = written.removesuffix("ません")
    return (
        "no"
        if denied != written
        and stated.endswith((f"{denied}ます", f"{denied}ます".replace("はあり", "があり")))
        else None
    )


def _by_its_verb(question: Question, written: str) -> str | None:
    """Return yes or no where the question's own verb answers it: 「希望します」, 「希望しません」 to 「開催を希望しますか」."""
    was = _ASKED_IF_IT_WAS.search(question.text)
    if was is not None and not _AND_MORE.search(question.text):
        same = _DONE_SO if _DONE_SO.match(was["verb"]) else re.compile(re.escape(was["verb"]))
        verb = end_of(same, written)
        behind = written[verb:] if verb or written.startswith("して") else ""
        if _IT_WAS_NOT.fullmatch(behind):
            return "no"
        if _IT_WAS.fullmatch(behind) or ("ました" in was[0] and _IT_WAS_BRIEFLY.fullmatch(behind)):
            return "yes"
    if (used := _USES.fullmatch(written)) and _ASKED_IF_USED.search(question.text):
        return "yes" if used["is"] else "no"
    if len(written) >= _SHORTEST_TAIL and (said := _says_question_again(question, written)):
        return said
    asked = _ASKED_POLITELY.search(question.text)
    if asked is None:
        return None
    stem = tidy(asked["stem"])
    said = {f"{stem}ます": "yes", f"{stem}ません": "no"}.get(written)
    return said or _by_what_is_done(question, written)


_ASKED_IF_DONE = re.compile(r"(?P<done>[一-龠ァ-ヶー]{2,10})(?:を|は)?して(?:い|おり)ますか[?？]?$")
_AND_MORE = re.compile(
    "[、,]|または|又は|かつ|及び|および|並びに|あるいは"
)  # two things are asked: which is done?
_DONE = re.compile(r"済み?(?:です)?|を?して(?:います|おります|いる)|しました")
_NOT_DONE = re.compile(r"[はを]?して(?:い|おり)?(?:ません|ない(?:です)?)|しておりません")


def _asked_if_done(question: Question) -> str:
    """Return what a question asks whether it is done, 設置 of 「CSIRTを設置していますか」; "": it asks otherwise, or for two things."""
    asked = _ASKED_IF_DONE.search(question.text)
    return tidy(asked["done"]) if asked and not _AND_MORE.search(question.text) else ""


def _by_what_is_done(question: Question, written: str) -> str | None:
    """Return yes or no where the question's own word says that it is done: 「設置済」, 「未設置です」."""
    done = _asked_if_done(question)
    if not done:
        return None
    said = written.removeprefix("まだ")
    if said.removesuffix("です") == f"未{done}":
        return "no"
    behind = said.removeprefix(done)
    if behind == said:
        return None
    if said == written and _DONE.fullmatch(behind):
        return "yes"
    return "no" if _NOT_DONE.fullmatch(behind) else None


def read_yesno(question: Question, written: str, *, twice: bool = True) -> Read:
    """Read a word of the closed lists, or a printed option, as the whole answer; `twice`: はい、賛成です is one too."""
    values = yesno_values(question)
    if written.startswith(_NEITHER) and "abstain" not in values:
        return Unclear("unclear")
    written = written[end_of(_AS_PROPOSED, written) :]
    why = _REASON_OF_VOTE.match(written) if is_vote(question) else None
    if why is not None:
        return _with_reason_of_vote(question, why["why"], written[why.end() :])
    before = _REASON_BEFORE.match(written) if not question.options else None
    if before is not None and not undoes(before["why"]):
        return _with_reason(question, before["why"], written[before.end() :])
    whole = YESNO.get(label_key(written))
    ticked = written.strip(_ASSENT)
    if whole is None and (YESNO.get(label_key(ticked)) == "yes" or (ticked == "1" and values[0] == "yes")):
        whole = "yes"  # 「○賛成」, 「○1」; of 「○反対」 the circle may be the vote
    if whole is None and not question.options:
        whole = POLITELY.get(written.rstrip("。. ")) or _by_its_verb(question, written.rstrip("。. "))
    first, _, behind = written.partition("。")
    if whole is None and not question.options and behind and (said := _by_its_verb(question, first)):
        remark = read_remark(
            question, f"。{behind}", [], value=said
        )  # 「実施しています。対象は約300人です。」
        return Understood(said, remark) if remark is not None else Unclear("unclear")
    if whole is not None:
        return Understood(whole)  # 「賛　成」 too, as forms space a word out
    if ALTERNATIVE.search(written):
        return Unclear("two-choices")
    items = read_items(question, written)
    if isinstance(items, Unclear) and items.kind == "mismatch":
        return items
    if not isinstance(items, Unclear):
        numbers, rest = items
        among = {values[number - 1] for number in numbers if 1 <= number <= len(values)}
        value = among.pop() if len(among) == 1 else ""
        if twice and (again := _said_again(question, value, written, rest)) is not None:
            return again
        remark = read_remark(question, rest, numbers, value=value, printed=as_printed(written, rest))
        if remark is not None:
            chosen = set(numbers)
            if len(chosen) > 1:
                return Unclear("two-choices")
            number = chosen.pop()
            if not 1 <= number <= len(values):
                return Unclear("out-of-range")
            return Understood(values[number - 1], remark)
    for word in _LONGEST_FIRST:
        if written.startswith(word):
            rest = written[len(word) :]
            if rest.startswith("を") and word in _ASKED_OF_OTHERS:
                break  # 「承認をお願いします」
            if twice and (again := _said_again(question, YESNO[word], written, rest)) is not None:
                return again
            remark = read_remark(question, rest, [], value=YESNO[word])
            if remark is not None:
                return Understood(YESNO[word], remark)
            break
    both_named = {YESNO[word] for word in map(label_key, _EITHER.split(written)) if word in YESNO}
    if len(both_named) > 1:
        return Unclear("two-choices")
    reserved = CONDITION.search(written) or any(word in written for word in _LONGEST_FIRST if len(word) > 1)
    return Unclear("conditional" if reserved else "unclear")  # おおむね賛成, 賛成できない: never rounded


# 「内容が不明なため棄権します」, 「時期尚早と考え反対とします」
_REASON_OF_VOTE = re.compile(
    r"(?P<why>[^0-9()、。:「」?]{2,40}?(?:ため|ので|ことから|と(?:考え|判断し|思い)(?:て|まして|ますので)?))[、,]?\s?(?=賛成|反対|棄権|承認|同意)"
)


# 「実施していますので1」
_REASON_BEFORE = re.compile(
    r"(?P<why>[^0-9()、。:「」?]{2,40}?(?:ため|ので))[、,]?\s?(?=[12](?![0-9])|はい|いいえ)"
)


def _with_reason(question: Question, why: str, written: str) -> Read:
    """Read yes or no behind its reason, where that does not say the contrary: 「実施していないので1」."""
    read = read_yesno(question, written, twice=False)
    if not isinstance(read, Understood) or read.remark:
        return read
    contrary = says_otherwise(question, [], why, is_no=read.answer == "no")
    if contrary or (read.answer == "yes" and DENIED.search(why)):
        return Unclear("unclear")
    return replace(read, remark=why)


def _with_reason_of_vote(question: Question, why: str, written: str) -> Read:
    """Read the vote behind its reason, where that is a bare reason of just this vote."""
    read = read_yesno(question, written, twice=False)
    if not isinstance(read, Understood) or read.remark:
        return read
    vote = str(read.answer)
    return replace(read, remark=why) if explains_vote(why, vote) else Unclear("conditional")


def _said_again(question: Question, value: str, written: str, rest: str) -> Read | None:
    """Return what a second whole answer makes of the first: 「はい、賛成です」, 「1　異議ありません」; None: there is none."""
    again = rest[courtesy_end(rest) :]
    if again in {"", rest} or (_DISSENT.search(written) and _NO_DISSENT.search(written)):
        return None  # 「異議あり なし」, neither struck out
    second = read_yesno(question, again, twice=False)
    if not isinstance(second, Understood):
        return None
    return second if second.answer == value else Unclear("two-choices")
