"""What was found in one reply: its answers, what is asked about, and why it does not count by itself (ballot.md section 8)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from mailbot.core.calendar import Language
from mailbot.core.reading.grammar.answer import denies_itself
from mailbot.core.reading.grammar.printed_options import option_answer, printed_options
from mailbot.core.reading.grammar.understood import EXPLANATIONS, Blank, Read, Unclear, Understood, comparable
from mailbot.core.reading.statements.stated import Statements
from mailbot.core.reading.text.known_text import LONGEST_LINE, QUESTION_MARK
from mailbot.core.reading.text.prose import NOT_PROSE, is_prose
from mailbot.core.surveys.survey import Answer, Command, Problem, Question, Reading, Survey

# Why a reply is held, in sentences for the member who sent it.
HOLDS: Mapping[Language, Mapping[str, str]] = {
    "ja": {
        "differ": "本文の先頭と回答欄など、2か所のお答えが違います",
        "bare-number": "番号だけが書かれていて、どの問いへのお答えか分かりません",
        "which-question": "どの問い（議案）へのお答えか分かりません",
        "no-such-question": "書かれた番号の問いは、この回答票にありません",
        "words-unread": "お書きになった言葉を、お答えとして読み取れません",
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
        "which-question": "we cannot tell which question it answers",
        "no-such-question": "this ballot has no question with the number that you wrote",
        "words-unread": "what you wrote could not be read as an answer",
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
# Held for one thing that was written, which is shown to its author.
_FOR_ITS_WORDS = frozenset({"bare-number", "which-question", "no-such-question", "words-unread", "prose"})
_CONTACT_CHANGE = re.compile(
    r"異動(?:しま|とな|にな|のため|により|に伴)|担当(?:者)?(?:が|は)?(?:[^。、]{1,20}[にへ])?(?:代わ|替わ|変わ|変更)|後任"
)
_INSTEAD_OF_ANSWERS: frozenset[Command] = frozenset(
    {"withdraw", "decline", "approve", "replace", "keep", "proxy"}
)
# 「訂正 Q1：2→3」, 「2→3」: below it our receipt may stand unchanged, which alone would say that nothing changes.
_ANSWERS_SOMEHOW = re.compile(
    rf"{QUESTION_MARK}\s?[0-9０-９]|[0-9０-９]\s?番?\s?(?:→|⇒|->|から)\s?[0-9０-９]"
)


class Findings:
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
        self.written = ""  # what was written and is no answer, where one thing is the reason for the hold

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
            self.differ(question, [shown(question, read.answer, self.language) for read in understood])
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
            self.differ(
                question,
                [
                    "" if said is None else shown(question, said, self.language),
                    shown(question, read.answer, self.language),
                ],
            )

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
        self.problems.append(Problem(question.id, read.kind, text, read.suggested, read.written))

    def reading(self, stated: Statements, *, whole: bool) -> Reading:
        """Return the reading; whatever forbids counting without a person stands in `hold`."""
        hold, ask, written = self.hold, self.ask, self.written
        command, detail = stated.commands[0] if stated.commands else (None, "")
        if stated.foreign or (stated.others and not stated.ours and self.any):
            hold, ask = "other-ballot", False
        elif not whole:
            hold, ask = "too-long", False
        elif command in _INSTEAD_OF_ANSWERS and self.any:
            hold, ask = "command-and-answers", True
        elif len(stated.commands) > 1:
            hold, ask = "two-commands", True
        elif hold is None and not self.any and command is None:
            hold, ask, written = _silence(self.survey, stated)
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
            written=written if hold in _FOR_ITS_WORDS else "",
        )


def shown(question: Question, answer: tuple[str, ...] | str, language: Language) -> str:
    """Return an answer as the ballot prints it: 「2. いいえ」, 「1. 費用、3. 必要がない」."""
    labels = printed_options(question, language)
    chosen = [
        number
        for number in range(1, len(labels) + 1)
        if answer == option_answer(question, number) or (isinstance(answer, tuple) and str(number) in answer)
    ]
    if chosen:
        return ("、" if language == "ja" else ", ").join(
            f"{number}. {labels[number - 1]}" for number in chosen
        )
    return ",".join(answer) if isinstance(answer, tuple) else answer[:40]


def _silence(survey: Survey, stated: Statements) -> tuple[str, bool, str]:
    """Return why a reply without any answer is held, whether its sender is asked again, and the words that are the reason."""
    if stated.unknown:
        return "no-such-question", True, stated.unknown[0]
    if any(_CONTACT_CHANGE.search(line) for line in stated.top):
        return "contact-change", False, ""
    if (prose := next((line for line in stated.top if is_prose(line)), "")) != "":
        return "prose", False, prose.strip()
    if (said := next((line for line in stated.top if _may_answer(survey, line)), "")) != "":
        return "words-unread", True, said.strip()
    if stated.quoted:
        return "quoted-only", False, ""
    return "untouched", True, ""


# What answers a question of some kind in words or figures of one's own: 「2027年3月」, 「120台」, 「設置済」.
_DAY = re.compile(r"[0-9０-９]{1,4}\s?(?:[/／年月]|日(?!数))")
_AMOUNT = re.compile(r"[0-9０-９]\s?(?:台|名|人|件|円|%|％|割|か所|箇所|時間|年間)")
_STATE = re.compile(
    r"^[^\s@:：]{0,12}(?:済み?|(?:検討|調整|準備|導入|対応|協議|作業|実施|移行)中|予定|未定|未[一-龥]{2}|な[しい]|あり|不要|必要|不明)(?:です)?[。.]?$"
)


def _may_answer(survey: Survey, line: str) -> bool:
    """Say whether a line at the top may be meant as an answer, though it could not be read as one."""
    line = line[:LONGEST_LINE].strip()
    if NOT_PROSE.search(line) is not None:
        return False
    if _ANSWERS_SOMEHOW.search(line) is not None:
        return True
    kinds = {question.type for question in survey.questions}
    return (
        ("date" in kinds and _DAY.search(line) is not None)
        or ("number" in kinds and _AMOUNT.search(line) is not None)
        or (not kinds.isdisjoint({"single", "multi", "yesno"}) and _STATE.match(line) is not None)
    )
