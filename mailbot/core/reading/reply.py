"""What a reply says: all that it states, weighed question by question (ballot.md section 8)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from functools import partial
from itertools import pairwise

from mailbot.core.calendar import Language
from mailbot.core.reading.answer import denies_itself, label_answer, read_answer
from mailbot.core.reading.answer_form import Cell, read_cell
from mailbot.core.reading.bare_answer import MOST_AT_TOP, UNFINISHED, bare_answers, is_bare_choice
from mailbot.core.reading.command import ALWAYS, AWAITED
from mailbot.core.reading.correction import corrects, discards, may_correct
from mailbot.core.reading.doubt import doubts, may_doubt
from mailbot.core.reading.known_text import LONGEST_LINE, QUESTION_MARK, Known, known_texts, line_key
from mailbot.core.reading.named_answer import asked_removed, question_of
from mailbot.core.reading.own_ballot import in_ballot
from mailbot.core.reading.printed_options import choice_count, option_answer
from mailbot.core.reading.prose import NOT_PROSE, RULE, is_prose, says_more, without_gateway_tag
from mailbot.core.reading.reply_lines import LONGEST_REPLY, MOST_LINES, reply_lines
from mailbot.core.reading.statement import MOST_NAMED, Reader, Statements, may_quote_mails
from mailbot.core.reading.understood import EXPLANATIONS, Blank, Read, Unclear, Understood, comparable
from mailbot.core.reading.whose_answers import introduces_another, is_anothers, names_another
from mailbot.core.surveys.survey import Answer, Command, Problem, Question, Reading, Survey

LONGEST_BESIDE = 500  # characters kept of what stands beside the answers
MOST_STATEMENTS = 20  # different answers to one question; two already disagree

# Why a reply is held, in sentences for the member who sent it.
HOLDS: Mapping[Language, Mapping[str, str]] = {
    "ja": {
        "differ": "本文の先頭と回答欄など、2か所のお答えが違います",
        "bare-number": "番号だけが書かれていて、どの問いへのお答えか分かりません",
        "untouched": "お答えが見当たりません",
        "prose": "回答欄が空欄で、文章だけがあります",
        "contact-change": "担当者の異動の知らせのようです",
        "quoted-only": "引用の中にだけお答えがあります",
        "other-ballot": "別の調査または別の団体の回答票が使われています",
        "too-long": "本文が長すぎて全体を読めません",
        "correction": "お答えのほかに、訂正と思われる文があります",
        "command-and-answers": "取下げなどの申し出とお答えの両方が書かれています",
        "two-commands": "異なる申し出が2つ以上書かれています",
        "conditional": "賛否に、条件や留保と思われる文が添えられています",
        "forms-differ": "メールの文字だけの本文と書式付きの本文とで、お答えが違います",
        "form-too-long": "書式付きの本文が長すぎて、文字だけの本文と同じお答えか確かめられません（引用を消すか、文字だけのメールでお送りください）",
        "several-forms": "内容の違う回答様式が2つ以上添付されています",
        "form-changed": "添付の回答様式が、当方のものから変わっています（問いや選択肢の書換え、行の追加など）",
    },
    "en": {
        "differ": "the mail holds two different answers to one question, for instance at the top and in the form",
        "bare-number": "there is a number, but we cannot tell which question it answers",
        "untouched": "we found no answer in the mail",
        "prose": "the form is blank, and there is only text beside it",
        "contact-change": "this seems to be news of another person in charge",
        "quoted-only": "the only answers stand in a quotation",
        "other-ballot": "the form belongs to another survey or another body",
        "too-long": "the mail is too long to be read whole",
        "correction": "beside the answers there is a sentence that seems to correct them",
        "command-and-answers": "the mail holds both answers and a request such as withdrawing them",
        "two-commands": "the mail holds two different requests",
        "conditional": "a sentence beside the vote seems to put a condition on it",
        "forms-differ": "the plain and the formatted text of the mail hold different answers",
        "form-too-long": "the formatted text of the mail is too long to be compared with the plain one (please delete what is quoted, or write plain text)",
        "several-forms": "two or more forms that say different things are attached",
        "form-changed": "the attached form is not as we made it (questions or options changed, rows added, or the like)",
    },
}
_UNSEEN = re.compile("[\u200b\u2060\ufeff]")  # what some clients leave within our words (ballot.md section 5)
_RESERVED = re.compile(
    r"条件(?:付|つき|と(?:して|し|する)|に|で)|^[\s　※*(（]*(?:ただし|但し)|留保|おおむね|概ね"
    r"|^[\s　※*(（]*条件\s*[:：](?!\s*(?:なし|無|特))"
    r"|(?:なら(?:ば)?|れば)、?(?:賛成|反対|承認|同意)|(?:賛成|反対|承認|同意)[はの][^。]{0,12}(?:だけ|のみ)|(?:こと|もの|の)が前提|という(?:趣旨|前提|理解)|場合に限"
)
_NAMED_IN_PROSE = re.compile(
    rf"{QUESTION_MARK}\s?(?P<question>[0-9０-９]{{1,3}})(?:の(?:ご?回答|お?答え))?\s?(?:[はがをも:：=＝→\s]|\s(?:is|should be)\s|について(?:は|も))\s?(?:選択肢)?"
    r"(?P<option>[0-9０-９]{1,2})\s?(?=番|です|でし|だ|にし|に変|に訂|が正|かも|か[?？。]|[、。,.)）」]|$)"
)
# 「すみません、1に変更します」, where 1 is nowhere chosen.
_CHANGED_TO = re.compile(
    r"(?<![0-9０-９.月年])(?P<option>[0-9０-９]{1,2})\s?番?[にへ](?:変更|訂正|修正|改め)"
)
_CONTACT_CHANGE = re.compile(
    r"異動(?:しま|とな|にな|のため|により|に伴)|担当(?:者)?(?:が|は)?(?:[^。、]{1,20}[にへ])?(?:代わ|替わ|変わ|変更)|後任"
)


def read_reply(
    survey: Survey,
    text: str,
    known: Sequence[str],
    *,
    today: date,
    language: Language = "ja",
    bare_label_ok: bool = False,
    awaiting: frozenset[str] = frozenset(),
    formatted: str = "",
    form: Mapping[str, Cell] | None = None,
) -> Reading:
    """Read a reply by aligning it with every text that we sent to this address for this survey (ballot.md 6 to 8).

    `known`: those texts, newest first. `bare_label_ok` (events): a whole label alone on a line at the top answers the
    first question that has it. `awaiting`: which of approve, replace and keep we have asked this address for; only
    then 承認 and the like are commands. `formatted`: the HTML form of the same mail as text, where `text` is the plain
    one; a reply whose two forms contradict each other is held. `form`: the answers' cells of our own spreadsheet, where
    it is attached. Nothing is guessed; what is not wholly understood becomes a problem or a hold.
    """
    if formatted:
        read = partial(
            read_reply, survey, known=known, today=today, language=language, bare_label_ok=bare_label_ok
        )
        plain = read(text, awaiting=awaiting)
        rich = read(formatted) if plain.hold is None and plain.answers else None
        if rich is not None and _contradicts(survey, plain, rich, struck="~~" in formatted):
            return replace(plain, hold="forms-differ", ask=True)
        if not form:
            return plain
    ours = known_texts(tuple(known))
    text = without_gateway_tag(_UNSEEN.sub("", text))
    whole = len(text) <= LONGEST_REPLY and text.count("\n") < MOST_LINES
    commands = ALWAYS | (AWAITED & awaiting) | ({"proxy"} if survey.resolution is not None else frozenset())
    text = text[:LONGEST_REPLY]
    stated = Reader(survey, ours, commands).read(reply_lines(text, ours), mails=may_quote_mails(text))
    confirmed = _confirmed(ours, stated)
    found = _Outcome(survey, language)
    for question in survey.questions:
        heads = _heads(question, stated, ours, today)
        if bare_label_ok:
            heads += _labels_at_top(survey, question, stated.top)
        if question.id in confirmed:
            heads.append(Understood(confirmed[question.id]))
        found.add(question, heads, in_ballot(question, stated, ours, today))
    only = _only_question(survey, stated)
    if not stated.commands and not found.any:
        _read_top(survey, only, stated, ours, found, today)
    elif not stated.commands and only is not None and only.id in found.answers:
        _compare_top(only, stated, ours, found, today)
    if stated.together:
        _tell_apart(survey, stated, found)
    for number, cell in (form or {}).items():
        found.join(survey.question(number), read_cell(survey.question(number), cell, today=today))
    if found.answers and only is None and any(_answers_another(survey, line, found) for line in stated.top):
        found.hold, found.ask = "bare-number", True
    if found.answers and only is None and _is_gainsaid(survey, stated, ours, found, today):
        found.hold, found.ask = "differ", True
    if found.answers and found.hold is None:
        _read_asides(survey, stated, ours, found)
    if found.answers and found.hold is None and not bare_label_ok:
        found.beside = _said_beside(survey, stated, ours, today)
    return found.reading(stated, whole=whole)


def _said_beside(survey: Survey, stated: Statements, known: Known, today: date) -> str:
    """Return the sentences beside the answers that are more than courtesy: nobody can know all that takes an answer back."""
    lines = [*stated.top, *_before_signature([*stated.below, *stated.behind])]
    lines += _typed_at_questions(survey, stated)
    lines = lines[:MOST_AT_TOP]
    wrapped = [line for line in _unwrapped(lines) if _SENTENCE_ENDS.search(line)]
    lines += [line for line in wrapped if not any(says_more(each) for each in lines if each.strip() in line)]
    prose = [line.strip() for line in lines if says_more(line)]
    prose = [line for line in prose if not _is_cut_from_ours(line, known)]
    said = [line for line in prose if not _is_bare_answer(survey, line, known, today)]
    return "\n".join(said)[:LONGEST_BESIDE]


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


def _contradicts(survey: Survey, plain: Reading, rich: Reading, *, struck: bool) -> bool:
    """Say whether the formatted form of a mail contradicts the plain one, which shows no words struck through.

    What the formatted form does not state at all says nothing, since quotations often look different there; unless
    words are struck through in it, which may be that very answer.
    """
    doubted = {problem.question for problem in rich.problems}
    for number, answer in plain.answers.items():
        if answer is None or survey.question(number).type == "text":
            continue
        other = rich.answers.get(number)
        if number in doubted or (other != answer and (other is not None or struck)):
            return True
    return False


def _is_cut_from_ours(line: str, known: Known) -> bool:
    """Say whether a line is a piece of our text that a gateway cut off."""
    key = line_key(line[:LONGEST_LINE])
    return len(key) > 1 and known.holds(key)


_WRAPPED_AT = 17  # characters of a Japanese line; gateways wrap at 36 columns or later
_SENTENCE_ENDS = re.compile(r"[。.!?！？」』)）\]】:：]\s*$")


def _unwrapped(lines: Sequence[str]) -> list[str]:
    """Return the sentences that run over two or three lines, as a gateway wraps them."""
    whole = []
    for at, line in enumerate(lines):
        taken = line.strip()
        for after in lines[at + 1 : at + 3]:
            if len(taken) < _WRAPPED_AT or _SENTENCE_ENDS.search(taken) or len(taken) > LONGEST_LINE:
                break
            taken += after.strip()
        if len(taken) > len(line.strip()):
            whole.append(taken)
    return whole


def _read_asides(survey: Survey, stated: Statements, known: Known, found: _Outcome) -> None:
    """See whether a sentence beside the answers takes one of them back, or holds one that was not read."""
    lines = [line for line in stated.asides if not _is_cut_from_ours(line, known)]
    lines += _unwrapped(lines)
    text = "\n".join(lines)
    anothers = any(is_anothers(line, known) for line in lines) or any(
        introduces_another(line, known) for line in [*stated.top, *stated.below]
    )
    if anothers or names_another(survey.key, text):
        found.hold, found.ask = "correction", True
        return
    corrected = may_correct(text) and any(
        corrects(line) or discards(before, line) for before, line in pairwise(["", *lines])
    )
    if corrected or (may_doubt(text) and any(doubts(line) for line in lines)):
        found.hold, found.ask = "correction", True
        return
    if survey.resolution is not None and any(
        _RESERVED.search(line) or _ABOUT_THE_VOTE.search(line[:LONGEST_LINE]) for line in lines
    ):
        found.hold, found.ask = "conditional", False
        return
    if survey.resolution is not None and any(_is_other_vote(line, found) for line in lines):
        found.hold, found.ask = "correction", True
        return
    chosen = {
        option
        for number, answer in found.answers.items()
        if answer is not None
        for option in _options(survey.question(number), answer)
    }
    if any(int(match["option"]) not in chosen for match in _CHANGED_TO.finditer(text)):
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


# Of the vote itself, and no vote: 「議案1のみ賛成」, 「3議案とも保留」, 「表決には加わりません」, 「白紙委任とします」.
_ABOUT_THE_VOTE = re.compile(
    r"(?:のみ|だけ|除き|除いて|除く|以外|うえ|上)(?:で|は|に)?、?(?:賛成|反対|承認|同意)|(?:賛否|賛成|反対|表決|議案[0-9０-９、,と]*)(?:は|を|とも|については?)?[^。]{0,6}(?:保留|留保)|賛否[はをが]|表決(?:には?|を)(?:加わ|参加し|差し控|辞退)"
    r"|表決(?:は|を)[^。]{0,6}(?:後日|改めて|追って|別途|差し?替)|委任(?:し(?:ます|たい)|と(?:し|させ)|(?:いた|致)し)|^(?:[0-9０-９]|全|[二三四五])?議案(?:とも|すべて|全て)?(?:保留|留保)|(?:聞い|見|確認し)てから(?:決|判断|表決)|継続審議"
)
_NOT = r"(?:は|を|には)?(?:でき(?:ません|な[いく])|(?:いた|致)?しかね|(?:いた|致)?し(?:ません|ない)|では(?:な|あり|ござい))"


def _corrections_in_free_answers(survey: Survey, found: _Outcome) -> list[str]:
    """Return the lines of free answers that correct something, perhaps another answer: 「やはりQ1は3にします」."""
    return [
        line
        for question in survey.questions
        if question.type == "text" and isinstance(said := found.answers.get(question.id), str)
        for line in said.split("\n")
        if may_correct(line) and corrects(line)
    ]


_VOTES_IN_PROSE = {
    "no": re.compile(
        rf"反対(?!(?:の?(?:意見|者|票)|する(?:理由|もの|声))?(?:は|が|も)?(?:な[くしい]|あり?ません|ござい|では))|異議(?!(?:は|が|も)?(?:な[くしい]|あり?ません|ござい|ござ))|否決|不(?:同意|承認|賛成)|(?:賛成|承認|同意|賛同){_NOT}"
    ),
    "abstain": re.compile(r"棄権(?!は)|白票"),
}


def _is_other_vote(line: str, found: _Outcome) -> bool:
    """Say whether a sentence speaks of a vote that no motion was given: 「本議案には反対します」 above slots with 賛成."""
    given = set(found.answers.values())
    return any(
        vote not in given and says.search(line[:LONGEST_LINE]) is not None
        for vote, says in _VOTES_IN_PROSE.items()
    )


def _answers_another(survey: Survey, line: str, found: _Outcome) -> bool:
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


def _is_gainsaid(survey: Survey, stated: Statements, known: Known, found: _Outcome, today: date) -> bool:
    """Say whether a number or label alone on a line is not what the questions that it may answer were given.

    In a resolution it must be the vote on every motion, since it may be meant for each (ballot.md section 8).
    """
    among = [question for question in survey.questions if question.type in _CHOSEN]
    lines = [*stated.top[: _signed(stated.top)], *_before_signature([*stated.below, *stated.behind])]
    for asked, read in bare_answers(among, lines, known, today):
        alike = [each.id for each in among if (each.type, each.options) == (asked.type, asked.options)]
        given = [answer for each in alike if (answer := found.answers.get(each)) is not None]
        if not isinstance(read, Understood) or not given:
            continue
        same = [comparable(answer) == comparable(read.answer) for answer in given]
        if not (all(same) if survey.resolution is not None else any(same)):
            return True
    return False


_CHOSEN = frozenset({"single", "multi", "yesno", "rating"})


def _options(question: Question, answer: tuple[str, ...] | str) -> frozenset[int]:
    """Return the numbers, as printed, of what was chosen."""
    if isinstance(answer, tuple):
        return frozenset(map(int, answer))
    return frozenset(
        number for number in range(1, choice_count(question) + 1) if option_answer(question, number) == answer
    )


def _asks(question: Question, values: Sequence[str], stated: Statements, known: Known) -> bool:
    """Say whether what stands behind a free question's number is the question, whose own line is not there whole."""
    slots = stated.slots.get(question.id, [])
    whole = any(slot.question_line for slot in slots) or not stated.slots
    return not whole and any(
        known.asked_mostly(question.id, line_key(value[:LONGEST_LINE])) for value in values
    )


def _heads(question: Question, stated: Statements, known: Known, today: date) -> list[Read]:
    """Return what the lines that name the question say to it."""
    values = tuple(dict.fromkeys(stated.explicit.get(question.id, [])))[:MOST_STATEMENTS]
    if question.type == "text" and _asks(question, values, stated, known):
        return [Unclear("garbled")]
    return [_read_head(question, value, today) for value in values]


def _read_head(question: Question, value: str, today: date) -> Read:
    """Read what stands behind a question's number, where some members repeat the question first."""
    read = read_answer(question, value, today=today)
    if isinstance(read, Unclear) and (behind := asked_removed(question, value)) != value:
        return read_answer(question, behind, today=today)
    return read


def _confirmed(known: Known, stated: Statements) -> dict[str, tuple[str, ...]]:
    """Return what a lone はい confirms: the proposal that our newest mail made."""
    if not known.texts or not known.texts[0].confirms or stated.explicit:
        return {}
    if not any(
        line_key(line).strip("。.!「」") in {"はい", "はいです", "yes", "ok"} for line in stated.top[:5]
    ):
        return {}
    return dict(known.texts[0].confirms)


def _labels_at_top(survey: Survey, question: Question, top: list[str]) -> list[Read]:
    """Return the answers that lines at the top give by a whole label, to the first question that has it."""
    reads: list[Read] = []
    for line in top:
        first = next((other for other in survey.questions if label_answer(other, line) is not None), None)
        if first is not None and first.id == question.id:
            answer = label_answer(question, line)
            assert answer is not None
            reads.append(Understood(answer))
    return reads


_INSTEAD_OF_ANSWERS: frozenset[Command] = frozenset(
    {"withdraw", "decline", "approve", "replace", "keep", "proxy"}
)


class _Outcome:
    """Collects the answers and problems of one reply."""

    def __init__(self, survey: Survey, language: Language) -> None:
        self.survey = survey
        self.language = language
        self.answers: dict[str, Answer] = {}
        self.remarks: dict[str, str] = {}
        self.flags: dict[str, tuple[str, ...]] = {}
        self.problems: list[Problem] = []
        self.hold: str | None = None
        self.ask = False
        self.beside = ""

    @property
    def any(self) -> bool:
        return bool(self.answers or self.problems)

    def add(self, question: Question, heads: list[Read], placed: Read | None) -> None:
        """Weigh what the head says against what the ballot says (ballot.md section 8)."""
        head = [read for read in heads if not isinstance(read, Blank)]
        reads = head + ([placed] if placed is not None and not (head and isinstance(placed, Blank)) else [])
        if not reads:
            return
        unclear = next((read for read in reads if isinstance(read, Unclear)), None)
        understood = [read for read in reads if isinstance(read, Understood)]
        if unclear:
            self.unclear(question, unclear)
        elif not understood:
            self.answers[question.id] = None
        elif len({comparable(read.answer) for read in understood}) > 1:
            self.differ(question, [_shown(read.answer) for read in understood])
        else:
            self.accept(question, next((read for read in understood if read.remark), understood[0]))

    def join(self, question: Question, read: Read) -> None:
        """Weigh what the attached form says to a question against what the text said, as a head against a slot."""
        if isinstance(read, Blank) or any(problem.question == question.id for problem in self.problems):
            return
        said = self.answers.get(question.id)
        if isinstance(read, Unclear):
            self.answers.pop(question.id, None)
            self.unclear(question, read)
        elif question.id not in self.answers:
            self.accept(question, read)
        elif said is None or comparable(said) != comparable(read.answer):
            self.answers.pop(question.id)
            self.differ(question, ["" if said is None else _shown(said), _shown(read.answer)])

    def differ(self, question: Question, said: Sequence[str]) -> None:
        """Hold a reply that answers one question twice, and show both."""
        between = "／" if self.language == "ja" else " / "
        text = f"{EXPLANATIONS[self.language]['differ']}（{between.join(said)}）"
        self.problems.append(Problem(question.id, "differ", text))
        self.hold, self.ask = "differ", True

    def accept(self, question: Question, read: Understood) -> None:
        if denies_itself(question, read.answer):
            self.unclear(question, Unclear("none-and-more"))
            return
        self.answers[question.id] = read.answer
        if read.remark:
            self.remarks[question.id] = read.remark
        if read.flags:
            self.flags[question.id] = read.flags

    def unclear(self, question: Question, read: Unclear) -> None:
        text = EXPLANATIONS[self.language][read.kind]
        if read.kind == "joined" and self.language == "ja":
            text = f"「{'と'.join(read.suggested)}」ですか。{text}"
        elif read.kind == "joined":
            text = f"do you mean {' and '.join(read.suggested)}? {text}"
        self.problems.append(Problem(question.id, read.kind, text, read.suggested))

    def reading(self, stated: Statements, *, whole: bool) -> Reading:
        """Return the reading; whatever forbids counting without a person stands in `hold`."""
        hold, ask = self.hold, self.ask
        command, detail = stated.commands[0] if stated.commands else (None, "")
        if stated.foreign or (stated.others and not stated.ours and self.any):
            hold, ask = "other-ballot", False
        elif not whole or stated.named > MOST_NAMED:
            hold, ask = "too-long", False
        elif command in _INSTEAD_OF_ANSWERS and self.any:
            hold, ask = "command-and-answers", True
        elif len(stated.commands) > 1:
            hold, ask = "two-commands", True
        elif hold is None and not self.any and command is None:
            hold, ask = _silence(stated)
        return Reading(
            answers=self.answers,
            remarks=self.remarks,
            beside=self.beside,
            flags=self.flags,
            problems=tuple(self.problems),
            command=command,
            detail=detail,
            hold=hold,
            signed=min(stated.signed, key=lambda signature: signature[0])[1] if stated.signed else "",
            ask=ask,
        )


def _shown(answer: tuple[str, ...] | str) -> str:
    return ",".join(answer) if isinstance(answer, tuple) else answer[:40]


def _silence(stated: Statements) -> tuple[str, bool]:
    """Return why a reply without any answer is held, and whether its sender is asked again."""
    if stated.unknown:
        return "bare-number", True
    if any(_CONTACT_CHANGE.search(line) for line in stated.top):
        return "contact-change", False
    if any(is_prose(line) for line in stated.top):
        return "prose", False
    if any(_may_answer(line) for line in stated.top):
        return "correction", True
    if stated.quoted:
        return "quoted-only", False
    return "untouched", True


# 「訂正 Q1：2→3」, 「2→3」: below it our receipt may stand unchanged, which alone would say that nothing changes.
_ANSWERS_SOMEHOW = re.compile(
    rf"{QUESTION_MARK}\s?[0-9０-９]|[0-9０-９]\s?番?\s?(?:→|⇒|->|から)\s?[0-9０-９]"
)


def _may_answer(line: str) -> bool:
    """Say whether a line at the top may be meant as an answer, though it could not be read as one."""
    return _ANSWERS_SOMEHOW.search(line[:LONGEST_LINE]) is not None and NOT_PROSE.search(line) is None


def _compare_top(question: Question, stated: Statements, known: Known, found: _Outcome, today: date) -> None:
    """Hold the reply to a ballot of one question whose bare answer beside it is not that of its slot (ballot.md section 8)."""
    said = found.answers[question.id]
    answers = [said] if said is not None else []
    for _, read in bare_answers((question,), [*stated.top, *_before_signature(stated.below)], known, today):
        if isinstance(read, Understood):
            answers.append(read.answer)
        elif read == UNFINISHED:
            found.answers.pop(question.id, None)
            found.unclear(question, UNFINISHED)
            return
    if len({comparable(answer) for answer in answers}) > 1:
        found.answers.pop(question.id, None)
        found.differ(question, [_shown(answer) for answer in answers])


def _before_signature(lines: list[str]) -> list[str]:
    """Return the lines below our mail that are the member's: no signature, and no number of a page."""
    return [line for line in lines[: _signed(lines)] if not _PAGE_NUMBER.match(line)]


def _signed(lines: list[str]) -> int:
    """Return where the signature begins, with its rule."""
    return next((at for at, line in enumerate(lines) if RULE.match(line)), len(lines))


def _tell_apart(survey: Survey, stated: Statements, found: _Outcome) -> None:
    """Ask what 「議案1,2」 is where motion 2 has no answer of its own: motion 1's answer, or both motions."""
    for number, others in stated.together.items():
        named = [question.id for question in survey.questions if question.id in others]
        answered = found.answers.keys() | {problem.question for problem in found.problems}
        ascending = [int(each[1:]) for each in (number, *others)]
        listed = ascending == sorted(set(ascending))  # 「Q2,1,3」 names no three questions
        open_still = len(named) == len(others) and not answered.issuperset(named)
        if listed and number in found.answers and open_still:
            del found.answers[number]
            found.unclear(survey.question(number), Unclear("unclear"))


def _only_question(survey: Survey, stated: Statements) -> Question | None:
    """Return the question to which a bare number belongs: the survey's only one, or the only one that we asked again.

    Of the latter the whole ballot must stand in the reply: a longer one may have been cut off behind its first question.
    """
    if len(survey.questions) == 1:
        return survey.questions[0]
    if len(stated.slots) != 1 or not stated.to_the_end or not stated.ours or stated.others:
        return None
    question = survey.question(*stated.slots)
    return question if question.type not in {"text", "date"} else None


# 「(1)」, 「1/1」, 「No.2」, 「- 2 -」 at the end of a mail.
_PAGE_NUMBER = re.compile(
    r"^\s*(?:[(（\-–－]\s*[0-9０-９]{1,3}\s*[)）\-–－]|[0-9]{1,3}\s?/\s?[0-9]{1,3}|no\.?\s?[0-9]{1,3})\s*$",
    re.IGNORECASE,
)


def _read_top(
    survey: Survey, only: Question | None, stated: Statements, known: Known, found: _Outcome, today: date
) -> None:
    """Read a bare number at the top: an answer when the ballot has one question, else a reason to ask."""
    questions = survey.questions if only is None else (only,)
    bare = bare_answers(questions, stated.top, known, today)
    if only is not None and stated.below:
        below = bare_answers(questions, stated.below[: _signed(stated.below)], known, today)
        bare += [each for each in below if not bare or isinstance(each[1], Understood)]
    if only is not None:
        answers = {comparable(read.answer) for _, read in bare if isinstance(read, Understood)}
        if len(answers) > 1:
            found.hold, found.ask = "differ", True
        else:
            found.add(only, [read for _, read in bare], None)
    elif bare:
        found.hold, found.ask = "bare-number", True
