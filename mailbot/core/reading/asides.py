"""What stands beside the answers of a reply: it may take one back, hold all of them, or is shown to the office (ballot.md 8)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from itertools import pairwise

from mailbot.core.reading.doubts.correction import corrects
from mailbot.core.reading.doubts.nameless import names_nothing
from mailbot.core.reading.doubts.undone import undoes
from mailbot.core.reading.doubts.whose_answers import (
    introduces_another,
    is_anothers,
    names_another,
    signs_for_another,
)
from mailbot.core.reading.findings import Findings
from mailbot.core.reading.grammar.answer import read_answer
from mailbot.core.reading.grammar.printed_options import choice_count, option_answer, whole_labels
from mailbot.core.reading.grammar.understood import Unclear, Understood, comparable
from mailbot.core.reading.statements.bare_answer import (
    CHANGED_TO,
    MOST_AT_TOP,
    WRAPPED_AT,
    bare_answers,
    is_bare_choice,
)
from mailbot.core.reading.statements.named_answer import question_of
from mailbot.core.reading.statements.stated import Statements
from mailbot.core.reading.text.known_text import LONGEST_LINE, QUESTION_MARK, Known, line_key
from mailbot.core.reading.text.prose import NOT_PROSE, says_more
from mailbot.core.reading.text.signature import before_signature, in_signatures, signed, unsigned
from mailbot.core.reading.text.tidy import tidy
from mailbot.core.surveys.survey import Question, Survey

LONGEST_BESIDE = 500  # characters kept of what stands beside the answers
_AT_EACH_END = (
    4_000  # characters beside the answers that are looked at for doubts; nobody writes more but to cost time
)
_RESERVED = re.compile(
    r"条件(?:付|つき|と(?:して|し|する)|に|で|が(?:あり|ござい|ある|付|つ))|^[\s　※*(（]*(?:ただし|但し)|留保|おおむね|概ね"
    r"|^[\s　※*(（]*条件\s*[:：](?!\s*(?:なし|無|特))"
    r"|(?:なら(?:ば)?|れば)、?(?:賛成|反対|承認|同意)|(?:賛成|反対|承認|同意)[はの][^。]{0,12}(?:だけ|のみ)|(?:こと|もの|の)が前提|という(?:趣旨|前提|理解)|場合に限"
    r"|(?:超え|上回ら|下回ら)ない(?:こと|よう|範囲)|と考えての(?:賛成|反対)|説明(?:資料)?(?:が|も|は)(?:まだ)?(?:足り|不足|不十分|済んで(?:い|お)|され)"
)
# Of the vote itself, and no vote: 「議案1のみ賛成」, 「3議案とも保留」, 「表決には加わりません」, 「白紙委任とします」.
_ABOUT_THE_VOTE = re.compile(
    r"(?:のみ|だけ|除き|除いて|除く|以外|うえ|上)(?:で|は|に)?、?(?:賛成|反対|承認|同意)"
    r"|(?:賛否|賛成|反対|表決|議案[0-9０-９、,と]*)(?:は|を|とも|については?)?[^。]{0,6}(?:保留|留保)|賛否[はをが]"
    r"|表決(?:には?|を)(?:加わ|参加し|差し控|辞退)"
    r"|表決(?:は|を)[^。]{0,6}(?:後日|改めて|追って|別途|差し?替)|委任状[はもが]?(?:まだ|用意|提出)?(?:あり?ません|ない|な[しく]|ございません|未)|委任(?:し(?:ます|たい)|と(?:し|させ)|(?:いた|致)し)"
    r"|^(?:[0-9０-９]|全|[二三四五])?議案(?:とも|すべて|全て)?(?:保留|留保)|(?:聞い|見|確認し)てから(?:決|判断|表決)|継続審議|応じ(?:られ|かね)"
    r"|納得(?:が|は)?(?:いき|でき|し(?:ま|て))|受け入れ(?:られ|がた)"
)
# That the vote is another's, or stands elsewhere: 「表決権は副市長に委任しました」, 「紙の表決書を優先してください」.
_VOTED_ELSEWHERE = re.compile(
    r"委任しまし(?!た(?:代理|副))|表決(?:書|票)(?:は|を)[^。]{0,6}(?:後日|改めて|追って|別途|差し?替|郵送)"
    r"|(?:別紙|別添|添付|前回)の?(?:とおり|通り|書面)[^。]{0,8}(?:表決|投票)|^\s*(?:別紙|別添|添付|前回)の?(?:とおり|通り)(?:です)?。?$"
    r"|(?:紙|書面|郵送|ファクス|FAX|表決書)[^。]{0,12}(?:優先|有効)|(?:後|先)の(?:もの|方|ほう|表決|返信)[^。]{0,6}(?:無効|有効|優先)"
    r"|(?:議決|可決|承認|同意)(?:の)?後に[^。]{0,6}(?:効力|有効)|効力を(?:生じ|発し|持)"
)
# In 【表決者氏名】: whom the vote is given to, and no voter; 「副市長 田中（委任あり）」 is one.
_GIVEN_AWAY = re.compile(
    r"^\s*(?:委任|一任)(?!状?\s?(?:[:：]\s?)?(?:あり|有|済|受))|[^\s、。(（]{1,20}[にへ]\s?(?:委任|一任)|議長一任"
)
_NO_LETTER = re.compile(r"委任状?[はもが]?\s?(?:後日|追って|別途|未|なし|無)")
# No voter at all: 「未定」; or one of whom it is said that the vote is another's.
_NOBODY = re.compile(
    r"\s*[(（]?(?:未定|未記入|検討中|調整中|確認中|協議中|決裁中|後日|追って|なし|無し|該当なし|不明|同上|仮)[)）]?[。.]?\s*"
    r"|.*(?:ではありません|でありません|じゃありません|ではない|ではござい).*"
)
_NOT = r"(?:は|を|には)?(?:でき(?:ません|な[いく])|(?:いた|致)?しかね|(?:いた|致)?し(?:ません|ない|て(?:い|お)り?(?:ません|ない))|では(?:な|あり|ござい))"
_VOTES_IN_PROSE = {
    "no": re.compile(
        rf"反対(?!(?:の?(?:意見|者|票)|する(?:理由|もの|声))?(?:は|が|も)?(?:な[くしい]|あり?ません|ござい|では))|異議(?!(?:は|が|も)?(?:な[くしい]|あり?ません|ござい|ござ))|否決|不(?:同意|承認|賛成)|(?:賛成|承認|同意|賛同){_NOT}"
    ),
    "abstain": re.compile(r"棄権(?!は)|白票"),
}
_NAMED_IN_PROSE = re.compile(
    rf"{QUESTION_MARK}\s?(?P<question>[0-9０-９]{{1,3}})(?:の(?:ご?回答|お?答え))?\s?(?:[はがをも:：=＝→\s]|\s(?:is|should be)\s|について(?:は|も))\s?(?:選択肢)?"
    r"(?P<option>[0-9０-９]{1,2})\s?(?=番|です|でし|だ|にし|に変|に訂|が正|かも|か[?？。]|[、。,.)）」]|$)"
)
# 「すみません、1に変更します」, where 1 is nowhere chosen.
_CHANGED_TO = re.compile(
    r"(?<![0-9０-９.月年])(?P<option>[0-9０-９]{1,2})\s?番?[にへ](?:変更|訂正|修正|改め)"
)
# 「福祉は2、税は1です。」, where one of them is nowhere chosen.
_EACH_ITS_OWN = re.compile(
    r"^[^0-9０-９、。]{1,12}は\s?(?P<one>[0-9０-９]{1,2})\s?番?(?:で?、|，"
    r"|,\s?)[^0-9０-９、。]{1,12}は\s?(?P<other>[0-9０-９]{1,2})\s?番?(?:です|でし|。|$)"
)
_SENTENCE_ENDS = re.compile(r"[。.!?！？」』)）\]】:：]\s*$")
_CHOSEN = frozenset({"single", "multi", "yesno", "rating"})


# 「このメールは無視してください」 under one slot is said of all the answers.
_OF_THE_MAIL = re.compile("メール|[返送]信|送っ|お送り|送られ|すべて|全て|いずれも|どれも|このお?返事")


def weigh_asides(survey: Survey, stated: Statements, known: Known, found: Findings) -> None:
    """See whether a sentence beside the answers takes one of them back, or holds one that was not read."""
    passed_over = in_signatures(stated.lines) if stated.asides else ()
    lines = [line for line in stated.asides if line not in passed_over and not _is_cut_from_ours(line, known)]
    lines = _at_the_ends(lines + _unwrapped(lines))
    if (
        (survey.resolution is not None and stated.unknown)
        or _are_anothers(survey, stated, known, lines)
        or _are_doubted(survey, lines, found)
        or any(_OF_THE_MAIL.search(line) and undoes(line) for line in _typed_at_questions(survey, stated))
    ):  # a motion that is not put: which one is meant?
        found.hold, found.ask = "correction", True
    elif survey.resolution is not None and (
        any(_is_reserved(line) for line in lines) or _is_given_away(stated)
    ):
        found.hold, found.ask = "conditional", False
    elif survey.resolution is not None and any(
        _is_other_vote(line, found) and not _says_it_again(survey, line, found) for line in lines
    ):
        found.hold, found.ask = "correction", True
    else:
        _weigh_numbers(survey, lines, found)


def _at_the_ends(lines: list[str]) -> list[str]:
    """Return the lines, or those that stand first and last where they are very many."""
    text = "\n".join(lines)
    if len(text) <= 2 * _AT_EACH_END:
        return lines
    return [*text[:_AT_EACH_END].split("\n"), *text[-_AT_EACH_END:].split("\n")]


def _are_anothers(survey: Survey, stated: Statements, known: Known, lines: Sequence[str]) -> bool:
    """Say whether the answers are said to be another body's, another year's or another survey's."""
    return (
        any(is_anothers(line, known) for line in [*lines, *_typed_at_questions(survey, stated)])
        or any(introduces_another(line, known) for line in [*stated.top, *stated.below])
        or any(signs_for_another(name, known) for _, name in stated.signed)
        or names_another(survey.key, "\n".join(lines))
    )


def _are_doubted(survey: Survey, lines: Sequence[str], found: Findings) -> bool:
    """Say whether a sentence corrects the answers, throws them away, or says that they are not settled."""
    if survey.resolution is None:
        lines = [_of_answers_given(line, found) for line in lines]
    asked = "\n".join((survey.title, *(question.text for question in survey.questions))).casefold()
    return any(
        undoes(line, asked, before=before) and not _says_it_again(survey, line, found)
        for before, line in pairwise(["", *lines])
    )


_OF_QUESTIONS = re.compile(
    r"(?:^|(?<=。))\s*(?:なお|また)?[、,]?\s?(?P<named>[qQＱｑ問]\s?[0-9０-９]{1,2}(?:\s?[、,・と及び]{1,2}\s?[qQＱｑ問]?\s?[0-9０-９]{1,2}){0,9})"
    r"(?:は|については|につきましては|も)[^。]{0,200}。?"
)
_NUMBER_OF_QUESTION = re.compile(r"[0-9０-９]{1,2}")


def _of_answers_given(line: str, found: Findings) -> str:
    """Return a line without its sentences about questions that have no answer here: 「Q5は未定のため空欄です。」."""

    def kept(sentence: re.Match[str]) -> str:
        numbers = {f"Q{int(number)}" for number in _NUMBER_OF_QUESTION.findall(sentence["named"])}
        return sentence[0] if any(found.answers.get(number) is not None for number in numbers) else ""

    return _OF_QUESTIONS.sub(kept, line[:LONGEST_LINE])


def _says_it_again(survey: Survey, line: str, found: Findings) -> bool:
    """Say whether a line that might doubt is the answer itself: 「検討中です。」 of an option 検討中, 「3に訂正します。」 beside 3."""
    changed = CHANGED_TO.fullmatch(line.strip()) if len(survey.questions) == 1 else None
    for question in survey.questions:
        answer = found.answers.get(question.id)
        if answer is None or question.type not in _CHOSEN:
            continue
        read = read_answer(question, line, today=date.min)
        if isinstance(read, Understood) and read.answer == answer and not read.remark:
            return True
        if changed and _options(question, answer) == {int(changed["option"])}:
            return True
    return False


def _is_reserved(line: str) -> bool:
    """Say whether a sentence beside a vote puts a condition on it, or speaks of the vote and is none."""
    if _RESERVED.search(line):
        return True
    return any(says.search(line[:LONGEST_LINE]) for says in (_ABOUT_THE_VOTE, _VOTED_ELSEWHERE))


def _is_given_away(stated: Statements) -> bool:
    """Say whether the voter's name is whom he gives his vote to, a proxy's without a letter, or nobody's: 「委任 長野市」, 「未定」."""
    return any(
        _GIVEN_AWAY.search(name) or _NO_LETTER.search(name) or _NOBODY.fullmatch(name)
        for _, name in stated.signed
    )


def _weigh_numbers(survey: Survey, lines: Sequence[str], found: Findings) -> None:
    """Hold a reply whose sentences name an option that was not chosen; ask about a question that only they answer."""
    chosen = {
        option
        for number, answer in found.answers.items()
        if answer is not None
        for option in _options(survey.question(number), answer)
    }
    if any(int(match["option"]) not in chosen for match in _CHANGED_TO.finditer("\n".join(lines))):
        found.hold, found.ask = "correction", True
    if any(_wishes_for_another(survey, line, found) for line in lines):
        found.hold, found.ask = "correction", True
    if any(question.type in _CHOSEN for question in survey.questions):
        each = [match for line in lines if (match := _EACH_ITS_OWN.match(line[:LONGEST_LINE].strip()))]
        if any({int(match["one"]), int(match["other"])} - chosen for match in each):
            found.hold, found.ask = "correction", True
    for line in [*lines, *_corrections_in_free_answers(survey, found)]:
        for match in _NAMED_IN_PROSE.finditer(line[:LONGEST_LINE]):
            number = f"Q{int(match['question'])}"
            question = question_of(survey, number)
            if question is None or question.type in {"text", "number", "date"}:
                continue
            answer = found.answers.get(number)
            if answer is not None and _options(question, answer).isdisjoint({int(match["option"])}):
                found.hold, found.ask = "correction", True
            elif number not in found.answers and number not in {each.question for each in found.problems}:
                found.unclear(question, Unclear("unclear"))


_WISHED_FOR = re.compile(
    "(?:を|が|の(?:方|ほう)[をが]|と)[^。、]{0,4}(?:希望|望ん|推し|主張|言って|申して|好ん|良い|よい|いい)"
)


def _wishes_for_another(survey: Survey, line: str, found: Findings) -> bool:
    """Say whether a sentence wishes for an option of an answered question that was not chosen: 「課長は会場を希望しています」."""
    said = tidy(line[:LONGEST_LINE])
    return any(
        _WISHED_FOR.match(said, said.index(label) + len(label)) is not None
        for question in survey.questions
        if question.type in {"single", "multi"} and (answer := found.answers.get(question.id)) is not None
        for label, place in whole_labels(question)
        if len(label) > 1 and label in said and place not in _options(question, answer)
    )


def _corrections_in_free_answers(survey: Survey, found: Findings) -> list[str]:
    """Return the lines of free answers that correct something, perhaps another answer: 「やはりQ1は3にします」."""
    return [
        line
        for question in survey.questions
        if question.type == "text" and isinstance(said := found.answers.get(question.id), str)
        for line in said.split("\n")
        if corrects(line)
    ]


def _is_other_vote(line: str, found: Findings) -> bool:
    """Say whether a sentence speaks of a vote that no motion was given: 「本議案には反対します」 above slots with 賛成."""
    given = set(found.answers.values())
    return any(
        vote not in given and says.search(line[:LONGEST_LINE]) is not None
        for vote, says in _VOTES_IN_PROSE.items()
    )


def _options(question: Question, answer: tuple[str, ...] | str) -> frozenset[int]:
    """Return the numbers, as printed, of what was chosen."""
    if isinstance(answer, tuple):
        return frozenset(map(int, answer))
    return frozenset(
        number for number in range(1, choice_count(question) + 1) if option_answer(question, number) == answer
    )


def answers_another(survey: Survey, line: str, found: Findings) -> bool:
    """Say whether numbers alone on a line may answer a question that has no answer yet."""
    if not is_bare_choice(line):
        return False
    asked = {problem.question for problem in found.problems} | found.answers.keys()
    return any(
        question.type in {"single", "multi", "rating"}
        and question.id not in asked
        and isinstance(read_answer(question, line, today=date.min), Understood)
        for question in survey.questions
    )


def is_gainsaid(survey: Survey, stated: Statements, known: Known, found: Findings, today: date) -> bool:
    """Say whether a number or label alone on a line, or as its last sentence, is not what the questions that it may answer were given.

    In a resolution it must be the vote on every motion, since it may be meant for each (ballot.md section 8).
    """
    among = [question for question in survey.questions if question.type in _CHOSEN]
    lines = [*stated.top[: signed(stated.top)], *before_signature([*stated.below, *stated.behind])]
    last = [said[2] for line in lines[:MOST_AT_TOP] if (said := line.rstrip("。 \u3000").rpartition("。"))[0]]
    read_alone = [each for said in last for each in bare_answers(among, [said], known, today)]
    for asked, read in [*bare_answers(among, lines, known, today), *read_alone]:
        alike = [each.id for each in among if (each.type, each.options) == (asked.type, asked.options)]
        given = [answer for each in alike if (answer := found.answers.get(each)) is not None]
        if not isinstance(read, Understood) or not given:
            continue
        same = [comparable(answer) == comparable(read.answer) for answer in given]
        if not (all(same) if survey.resolution is not None else any(same)):
            return True
    return False


def said_beside(survey: Survey, stated: Statements, known: Known, today: date) -> str:
    """Return the sentences beside the answers that are more than courtesy: nobody can know all that takes an answer back."""
    lines = [*unsigned(stated.top[:MOST_AT_TOP]), *before_signature([*stated.below, *stated.behind])]
    lines += _typed_at_questions(survey, stated)
    lines = "\n".join(lines[:MOST_AT_TOP])[: 2 * _AT_EACH_END].split("\n")
    wrapped = [line for line in _unwrapped(lines) if _SENTENCE_ENDS.search(line)]
    lines += [line for line in wrapped if not any(says_more(each) for each in lines if each.strip() in line)]
    prose = [line.strip() for line in lines if says_more(line)]
    prose = [line for line in prose if not _is_cut_from_ours(line, known)]
    said = [line for line in prose if not _is_bare_answer(survey, line, known, today)]
    return "\n".join(said)[:LONGEST_BESIDE]


def speaks_of_nothing(stated: Statements, beside: str) -> bool:
    """Say whether one of the sentences above or below the answers names no thing, so that it must be about them.

    `beside`: the sentences that are more than courtesy; the rest of one that was wrapped names nothing by itself.
    """
    said = frozenset(beside.split("\n"))
    lines = [
        line.strip() for line in [*unsigned(stated.top), *before_signature([*stated.below, *stated.behind])]
    ]
    return any(
        line in said
        and (len(before) < WRAPPED_AT or _SENTENCE_ENDS.search(before) is not None)
        and names_nothing(line)
        for before, line in pairwise(["", *lines])
    )


def _typed_at_questions(survey: Survey, stated: Statements) -> list[str]:
    """Return the lines that the member typed at the questions of his ballot and that are no answer of words."""
    return [
        line
        for number, slots in stated.slots.items()
        if survey.question(number).type != "text"
        for line in [*slots[0].among, *slots[0].under]
    ]


def _is_bare_answer(survey: Survey, line: str, known: Known, today: date) -> bool:
    """Say whether a line beside the answers is one of them said again; one with a condition is a sentence all the same."""
    return any(
        isinstance(read, Understood) for _, read in bare_answers(survey.questions, [line], known, today)
    )


def _unwrapped(lines: Sequence[str]) -> list[str]:
    """Return the sentences that run over two or three lines, as a gateway wraps them."""
    whole = []
    for at, line in enumerate(lines):
        taken = line.strip()
        for after in lines[at + 1 : at + 3]:
            ends = _SENTENCE_ENDS.search(taken) or NOT_PROSE.search(taken) or len(taken) > LONGEST_LINE
            if len(taken) < WRAPPED_AT or ends:
                break
            taken += after.strip()
        if len(taken) > len(line.strip()):
            whole.append(taken)
    return whole


def _is_cut_from_ours(line: str, known: Known) -> bool:
    """Say whether a line is a piece of our text that a gateway cut off."""
    key = line_key(line[:LONGEST_LINE])
    return len(key) > 1 and known.holds(key)
