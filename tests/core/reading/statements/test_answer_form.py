"""What a filled form says, beside the text of its mail: our own .xlsx form of ballot.md sections 8 and 14."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from mailbot.core.mail.message import parse
from mailbot.core.reading.grammar.understood import Understood
from mailbot.core.reading.judgement import Judged, judge
from mailbot.core.reading.statements.answer_form import (
    ANSWER,
    Cell,
    Sheet,
    choices,
    form_rows,
    form_word_is_free,
    read_cell,
    stated_in_forms,
)
from mailbot.core.surveys.survey import Answers, Question, Survey
from tests.core.reading.test_judgement import mail
from tests.core.reading.test_unclear_cases import ONE_QUESTION
from tests.mails.standard import RESOLUTION, STANDARD, TODAY, acknowledgement, invitation, quoted
from tests.workbooks import attached

BELOW = "\n\n" + quoted(invitation())


def sheet(
    answers: Mapping[str, Cell], survey: Survey = STANDARD, *, row: int = 0, column: int = 0, says: Cell = ""
) -> Sheet:
    """Return a filled form; with `row` another cell of it says something else."""
    rows: list[list[Cell]] = [list(cells) for cells in form_rows(survey, "ja")]
    for cells, question in zip(rows[-len(survey.questions) :], survey.questions, strict=True):
        cells[ANSWER] = answers.get(question.id, "")
    if row:
        rows[row - 1][column] = says
    return Sheet(tuple(map(tuple, rows)))


def judged(
    text: str,
    *sheets: Sheet,
    survey: Survey = STANDARD,
    page: str = "",
    previous: Answers | None = None,
    files: int | None = None,
) -> Judged:
    """Judge a mail with these forms, and with so many files attached in all."""
    raw = attached(mail(text, page), *[b"PK"] * (len(sheets) if files is None else files))
    return judge(
        survey,
        parse(raw),
        (invitation(survey),),
        mail_from="yamada@city.example.lg.jp",
        previous=previous,
        today=TODAY,
        late=False,
        sheets=sheets,
        language="ja",
    )


def outcome(found: Judged) -> tuple[str, str, dict[str, object]]:
    return found.verdict.status, found.verdict.rule, dict(found.verdict.answers)


@pytest.mark.parametrize(
    "text", ["", "お世話になっております。様式を添付します。\n○○市 山田", "様式のとおり回答いたします。"]
)
def test_a_form_answers_for_the_text(text: str) -> None:
    """With nothing but greetings in the mail, the cells are the answers, by the grammar of a slot."""
    found = judged(text + BELOW, sheet({"Q1": "2 利用していない", "Q2": "１、３", "Q3": "費用が\n掛かる"}))
    assert outcome(found) == (
        "counted",
        "8 counted",
        {"Q1": ("2",), "Q2": ("1", "3"), "Q3": "費用が\n掛かる"},
    )
    assert found.verdict.acknowledge


def test_text_and_form_together() -> None:
    """Each may answer what the other leaves blank, and the same answer twice is one."""
    found = judged("Q1 2\nQ2 1" + BELOW, sheet({"Q1": "利用していない", "Q3": "なし"}))
    assert outcome(found) == ("counted", "8 counted", {"Q1": ("2",), "Q2": ("1",), "Q3": "なし"})


@pytest.mark.parametrize(
    ("text", "survey"),
    [
        ("Q1 3" + BELOW, STANDARD),
        (quoted(invitation()).replace("【Q1回答】[　　]", "【Q1回答】[ 3 ]"), STANDARD),
        ("3", ONE_QUESTION),
    ],
)
def test_text_and_form_differ(text: str, survey: Survey) -> None:
    """Two different answers to one question are held and shown, as head and slot are; the sender is asked."""
    found = judged(text, sheet({"Q1": "2"}, survey), survey=survey)
    assert outcome(found) == ("held", "8 differ", {})
    assert found.verdict.ask
    assert [(problem.question, problem.kind) for problem in found.verdict.problems] == [("Q1", "differ")]
    assert "3. 検討中／2. 利用していない" in found.verdict.problems[0].text


def test_an_answer_emptied_in_the_text_differs_from_one_in_the_form() -> None:
    """Who empties a slot of the receipt and fills the cell has said two things."""
    receipt = acknowledgement({"Q1": ("2",)}, 2)
    raw = attached(mail(quoted(receipt.replace("[ 2 ]　利用していない", "[　　]"))), b"PK")
    found = judge(
        STANDARD, parse(raw), (receipt, invitation()), mail_from="a@b.jp", previous={"Q1": ("2",)}, today=TODAY,
        late=False, sheets=(sheet({"Q1": "2"}),), language="ja",
    )  # fmt: skip
    assert outcome(found)[:2] == ("held", "8 differ")


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        ({"Q1": "4"}, "out-of-range"),
        ({"Q1": "1 利用していない"}, "mismatch"),
        ({"Q1": None}, "formula"),
        ({"Q1": "2026/01/03"}, "out-of-range"),
        ({"Q1": "〓"}, "garbled"),
        ({"Q1": "1,2"}, "two-choices"),
    ],
)
def test_a_cell_that_is_not_understood_is_asked_back(cells: Mapping[str, Cell], kind: str) -> None:
    """One bad cell costs its own question only, and a formula is never computed."""
    found = judged(BELOW, sheet({**cells, "Q3": "意見"}))
    assert outcome(found) == ("partial", "8 partial", {"Q3": "意見"})
    assert [(problem.question, problem.kind) for problem in found.verdict.problems] == [("Q1", kind)]


def test_a_question_asked_back_in_the_text_stays_so() -> None:
    """What the text leaves unclear is not settled by the form, nor the other way round."""
    for text, cell in (("Q1 9", "2"), ("Q1 2", "9")):
        found = judged(text, sheet({"Q1": cell}))
        assert outcome(found) == ("partial", "8 unread", {})


def test_blank_cells_change_nothing() -> None:
    """A blank form is no answer: its sender is asked, or what stands goes on standing."""
    found = judged(BELOW, sheet({}))
    assert outcome(found) == ("held", "8 untouched", {})
    assert found.verdict.ask
    again = judged(BELOW, sheet({"Q3": "追加"}), previous={"Q1": ("2",)})
    assert outcome(again) == ("counted", "8 counted", {"Q1": ("2",), "Q3": "追加"})


@pytest.mark.parametrize(
    ("sheets", "rule", "ask"),
    [
        ((sheet({"Q1": "2"}), sheet({"Q1": "3"})), "8 several-forms", True),
        ((sheet({"Q1": "2"}, replace(STANDARD, key="S26-011")),), "8 other-ballot", False),
        ((sheet({"Q1": "2"}, replace(STANDARD, questions=STANDARD.questions[:2])),), "8 form-changed", False),
        ((sheet({"Q1": "2"}, row=1, says="mailbot-form 2 S26-014 0"),), "8 form-changed", False),
        ((sheet({"Q1": "2"}, row=5, column=1, says="ほかの問い"),), "8 form-changed", False),
        (
            (sheet({"Q1": "2"}, row=5, column=2, says="1. 利用していない\n2. 利用している\n3. 検討中"),),
            "8 form-changed",
            False,
        ),
        ((sheet({"Q1": "2"}, row=5, column=2, says=None),), "8 form-changed", False),
        ((Sheet((*sheet({"Q1": "2"}).rows, (), ("Q1は間違いでした",))),), "8 form-changed", False),
        ((Sheet(sheet({"Q1": "2"}).rows[:-1]),), "8 form-changed", False),
    ],
    ids=[
        "two",
        "another survey",
        "another text",
        "another version",
        "question",
        "options",
        "formula",
        "a row more",
        "a row less",
    ],
)
@pytest.mark.parametrize("text", ["", "Q1 3"])
def test_a_form_that_is_not_ours_as_we_made_it(
    sheets: tuple[Sheet, ...], rule: str, ask: bool, text: str
) -> None:
    """Nothing of such a reply counts, whatever its text says: what the form wanted to say is not known."""
    found = judged(text + BELOW, *sheets)
    assert (found.verdict.status, found.verdict.rule, found.verdict.ask) == ("held", rule, ask)
    assert found.verdict.waits_for == ("" if ask else "office")
    assert found.verdict.reason


def test_one_form_twice_is_one() -> None:
    """A mail program that attaches a file twice does no harm."""
    assert outcome(judged("", sheet({"Q1": "2"}), sheet({"Q1": "2"}))) == (
        "counted",
        "8 counted",
        {"Q1": ("2",)},
    )


def test_widths_and_blanks_are_no_change() -> None:
    """What a spreadsheet program or a gateway folds on the way is the same text."""
    changed = sheet({"Q1": "2"}, row=2, says="  ＬＧ．ＪＰドメインの利用 (回答様式)")
    assert form_rows(STANDARD, "ja")[1][0] == "LG.JPドメインの利用（回答様式）"
    assert judged("", changed).verdict.status == "counted"


def test_other_files_are_left_to_the_office() -> None:
    """A file beside a blank form may hold the answer; beside a filled one it is left aside, as beside the text."""
    assert outcome(judged("", sheet({}), files=2))[:2] == ("held", "8 attachment")
    assert outcome(judged("", files=1))[:2] == ("held", "8 attachment")
    assert outcome(judged("", sheet({"Q1": "2"}), files=2))[0] == "counted"


def test_a_written_vote_is_never_taken_from_a_form() -> None:
    """A resolution's attachment goes to the office, always (ballot.md section 8)."""
    found = judged("", sheet({"Q1": "1", "Q2": "1"}, RESOLUTION), survey=RESOLUTION)
    assert outcome(found) == ("held", "8 attachment", {})


def test_withdrawn_with_a_form() -> None:
    """取下げ above a filled form is two things."""
    assert outcome(judged("取下げ", sheet({"Q1": "2"})))[1] == "8 command-and-answers"


def test_a_correction_in_the_text() -> None:
    """A sentence that takes an answer of the form back is seen."""
    found = judged("様式のQ1は間違いで、正しくは3番です。" + BELOW, sheet({"Q1": "2"}))
    assert outcome(found)[1] == "8 correction"


def test_a_mail_of_two_forms_and_a_file() -> None:
    """Plain and HTML text are compared with each other, and the form is joined to both."""
    page = "<p>よろしくお願いします</p>"
    assert outcome(judged("よろしくお願いします", sheet({"Q1": "2"}), page=page))[0] == "counted"
    differ = judged("Q1 2", sheet({"Q3": "x"}), page="<p>Q1 3</p>")
    assert outcome(differ)[1] == "8 forms-differ"


def test_a_vacation_note_with_a_form() -> None:
    """An automatic mail with a filled form goes to the office, as one with a filled slot does."""
    raw = attached(mail("不在です"), b"PK").replace(
        b"Subject:", b"Auto-Submitted: auto-replied\r\nSubject:", 1
    )
    found = judge(
        STANDARD, parse(raw), (invitation(),), mail_from="a@b.jp", previous=None, today=TODAY, late=False,
        sheets=(sheet({"Q1": "2"}),), language="ja",
    )  # fmt: skip
    assert (found.machine, found.verdict.rule) == (True, "13 filled")


# --- asking for it ---


@pytest.mark.parametrize(
    "word", ["様式", "エクセル", "「様式」", "様式をお願いします。", "ＥＸＣＥＬ", "form"]
)
def test_the_word_that_brings_it(word: str) -> None:
    """A member asks for the form as for the ballot: one word alone on its line."""
    assert judged(f"お世話になります。\n{word}" + BELOW).reading.command == "form"


def test_a_word_that_is_an_answer() -> None:
    """Where エクセル is one of the options, it is an answer and no request."""
    asked = Question("Q1", "お使いの形式", "single", ("エクセル", "CSV"))
    survey = replace(STANDARD, questions=(asked,))
    assert not form_word_is_free(survey)
    assert outcome(judged("エクセル", survey=survey)) == ("counted", "8 counted", {"Q1": ("1",)})
    assert judged("様式", survey=RESOLUTION).reading.command is None


# --- what it offers ---


@pytest.mark.parametrize(
    ("question", "offered"),
    [
        (Question("Q1", "", "single", ("はい", "いいえ")), ("1 はい", "2 いいえ")),
        (Question("Q1", "", "yesno"), ("1 はい", "2 いいえ")),
        (Question("Q1", "", "single", ("50,000円", "無料")), ("1", "2")),
        (Question("Q1", "", "rating"), ("1", "2", "3", "4", "5")),
        (Question("Q1", "", "multi", ("a", "b")), ()),
        (Question("Q1", "", "text"), ()),
    ],
)
def test_what_a_cell_offers(question: Question, offered: tuple[str, ...]) -> None:
    """Each choice of a list reads as its option; a label that cannot stand in a list leaves its number."""
    assert choices(question, "ja") == offered
    assert all(isinstance(read_cell(question, each, today=TODAY), Understood) for each in offered)


def test_the_first_cell_names_the_survey_and_its_text() -> None:
    """Another word in any question is another digest."""
    mark = form_rows(STANDARD, "ja")[0][0]
    assert mark.startswith("mailbot-form 1 S26-014 ")
    first = replace(STANDARD.questions[0], text="別の問い")
    assert form_rows(replace(STANDARD, questions=(first, *STANDARD.questions[1:])), "ja")[0][0] != mark
    assert stated_in_forms(STANDARD, (), "ja") == {}
