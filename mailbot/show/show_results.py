"""What `mailbot surveys` prints of one survey: where it stands, its results, a recount, a sealed list."""

from __future__ import annotations

from collections.abc import Mapping
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from mailbot.core.mail.header import clean
from mailbot.core.refusal import Refusal
from mailbot.core.surveys.comparison import Before, NotComparable
from mailbot.core.surveys.cross_table import TITLES, Group
from mailbot.core.surveys.group_words import group_words
from mailbot.core.surveys.ledger import Standing, standings_of_voters
from mailbot.core.surveys.outcome_lines import outcome_lines
from mailbot.core.surveys.report import WITHHELD, QuestionReport, Report, percent
from mailbot.core.surveys.resolution import ResolutionOutcome
from mailbot.core.surveys.share import Requirement
from mailbot.core.surveys.survey import Answer, Survey
from mailbot.core.surveys.tally import NONE, column_head, column_words, tally
from mailbot.flows.surveys.count_resolution import count_resolution
from mailbot.flows.surveys.counted_answers import counted_answers
from mailbot.flows.surveys.recount import Recount
from mailbot.formats.report_files import change_words, notes
from mailbot.formats.report_files import facts as report_facts
from mailbot.show import Row, facts, local, table
from mailbot.store.documents import answers_of
from mailbot.store.members import bounces
from mailbot.store.sending import outbox
from mailbot.store.surveys import ballots, ledgers, sealed, surveys


def survey(connection: Connection, key: str, *, office: bool) -> Row:
    """Return where a survey stands."""
    stored = surveys.require(connection, key)
    rows = ledgers.rows(connection, key)
    stands = standings_of_voters(rows, stored.survey.unit)
    answers = counted_answers(connection, stored.survey)
    invitations = outbox.count_by_kind(connection, key).get("invitation", {})
    shown: Row = {
        "key": key,
        "title": stored.survey.title,
        "state": stored.state,
        "mode": stored.survey.mode,
        "electorate": ballots.count(connection, key),
        "invited": sum(number for state, number in invitations.items() if state != "withdrawn"),
        "answered": len(answers),
        "held": sum(standing.held for standing in stands),
        "undeliverable": len(bounces.undeliverable(connection, key)),
        "tally": tally(stored.survey, answers),
    }
    if stored.survey.resolution is not None:
        shown["outcome"] = _outcome(count_resolution(connection, key).outcome)
    if stored.survey.mode == "named" or (
        office and not (stored.survey.mode == "sealed" and stored.state == "closed")
    ):
        shown["votes"] = [_vote(standing, stored.survey) for standing in stands]
    if stored.survey.mode == "sealed" and stored.state == "closed":
        shown["raw_mails"] = sealed.raw_mails(connection, key)  # 0: they are destroyed
    return shown


def _outcome(outcome: ResolutionOutcome) -> Row:
    """Return what a resolution comes to, as exact numbers."""
    return {
        "electorate": outcome.electorate,
        "direct": outcome.direct,
        "by_proxy": outcome.by_proxy,
        "to_chair": outcome.to_chair,
        "deemed": outcome.deemed,
        "silent": len(outcome.silent),
        "present": outcome.present,
        "quorum": _requirement(outcome.quorum),
        "motions": [
            {
                "question": motion.question.id,
                "text": motion.question.text,
                "yes": vars(motion.yes) | {"total": motion.yes.total},
                "no": vars(motion.no) | {"total": motion.no.total},
                "abstain": vars(motion.abstain) | {"total": motion.abstain.total},
                "invalid": motion.invalid,
                "idle": motion.idle,
                "thresholds": [_requirement(threshold) for threshold in motion.thresholds],
                "carried": motion.carried,
            }
            for motion in outcome.motions
        ],
    }


def _motion_rows(outcome: Row) -> list[Row]:
    quorum = outcome["quorum"]
    first = f"{quorum['count']} of {quorum['whole']}, needs {quorum['least']}: "
    rows: list[Row] = [
        {"motion": "quorum", "yes": "", "no": "", "abstain": "", "says": first + _reached(quorum["reached"])}
    ]
    for motion in outcome["motions"]:
        needs = "; ".join(
            f"{each['count']} of {each['whole']} {each['of']}, needs {each['least']}: {_reached(each['reached'])}"
            for each in motion["thresholds"]
        )
        rows.append(
            {
                "motion": motion["question"],
                **{name: motion[name]["total"] for name in ("yes", "no", "abstain")},
                "says": f"{needs}; {'carried' if motion['carried'] else 'not carried'}",
            }
        )
    return rows


def _reached(reached: bool) -> str:
    return "reached" if reached else "not reached"


def _requirement(requirement: Requirement) -> Row:
    return {
        "share": str(requirement.share.part),
        "of": requirement.share.of,
        "more_than": requirement.share.more_than,
        "count": requirement.count,
        "whole": requirement.whole,
        "least": requirement.least,
        "reached": requirement.reached,
    }


def survey_text(shown: Row) -> None:
    """Print where a survey stands."""
    facts({name: fact for name, fact in shown.items() if name not in {"tally", "votes", "outcome"}})
    if "outcome" in shown:
        table(_motion_rows(shown["outcome"]), as_json=False, empty="no motions")
    table(_tally_rows(shown["tally"]), as_json=False, empty="no questions")
    if "votes" in shown:
        remarked = any(vote["remarks"] for vote in shown["votes"])
        rows = [
            {
                "body": vote["body"],
                "status": vote["status"],
                "version": vote["version"],
                "answers": "  ".join(
                    f"{q}={_answer_text(a)}" for q, a in vote["answers"].items() if a is not None
                ),
                "problems": " ".join(
                    f"{p['question']}: {p['text']}".removeprefix(": ") for p in vote["problems"]
                ),
                "reason": "" if vote["status"] == "counted" else vote["reason"],
                **({"remarks": " / ".join(vote["remarks"].values())} if remarked else {}),
            }
            for vote in shown["votes"]
        ]
        table(rows, as_json=False, empty="no replies yet")


def _answer_text(answer: Answer | list[str]) -> str:
    """Return an answer on one line."""
    if answer is None:
        return "-"
    return ",".join(answer) if isinstance(answer, tuple | list) else answer


def _vote(standing: Standing, survey: Survey) -> Row:
    """Return what stands of a body, with null for each question that it has not answered."""
    row = standing.row
    return {
        "body": row.code,
        "author": row.author,
        "status": row.status,
        "version": row.version,
        "answers": {
            question.id: list(answer) if isinstance(answer, tuple) else answer
            for question in survey.questions
            for answer in [row.answers.get(question.id)]
        },
        "problems": [{"question": problem.question, "text": problem.text} for problem in row.problems],
        "reason": row.reason,
        "rule": row.rule,
        "level": row.level,
        "by": row.by,
        "waits_for": row.waits_for,
        "remarks": dict(row.remarks),
        "held_after": standing.held and row.status != "held",
    }


def _tally_rows(counts: Mapping[str, Mapping[str, int]]) -> list[Row]:
    return [
        {"question": q, "answer": answer, "count": n}
        for q, own in counts.items()
        for answer, n in own.items()
    ]


def results(report: Report, outcome: ResolutionOutcome | None) -> Row:
    """Return a report as JSON: the tally, a resolution's outcome, and the tables with null for what is withheld."""
    return {
        "key": report.survey.key,
        "title": report.survey.title,
        "state": report.state,
        "mode": report.survey.mode,
        "electorate": report.electorate,
        "answered": report.answered,
        "undeliverable": report.undeliverable,
        "smallest_group": report.smallest,
        "tally": {each.question.id: dict(each.counts) for each in report.questions},
        **({} if outcome is None else {"outcome": _outcome(outcome)}),
        "questions": [_question_result(each) for each in report.questions],
        "tables": {
            table.attribute: [_group_result(group) for group in table.groups] for table in report.tables
        },
        "earlier": report.earlier or None,
        "notes": notes(report),
    }


def _question_result(each: QuestionReport) -> Row:
    before = each.before
    return {
        "id": each.question.id,
        "text": each.question.text,
        "type": each.question.type,
        "base": each.base,
        "none": each.none,
        "not_asked": each.not_asked,
        "options": [
            {
                "answer": column,
                "label": column_words(each.question, column),
                "count": count,
                "before": before.counts[column] if isinstance(before, Before) else None,
            }
            for column, count in each.options
        ],
        "base_before": before.base if isinstance(before, Before) else None,
        "not_comparable": before.reason if isinstance(before, NotComparable) else None,
        "figures": vars(each.figures) if each.figures else None,
        "texts": [{"body": text.body or None, "text": text.words} for text in each.texts],
    }


def _group_result(group: Group) -> Row:
    return {
        "group": group.name or None,
        "label": group_words(group.name),
        "electorate": group.electorate,
        "answered": group.answered,
        "undeliverable": group.undeliverable,
        "questions": {
            question: {"base": group.base(question), **counts} for question, counts in group.counts.items()
        },
    }


def results_text(report: Report, outcome: ResolutionOutcome | None) -> None:
    """Print a report: the whole, what a resolution came to, then each table by its questions."""
    for name, fact in report_facts(report):
        print(f"{name}　{clean(fact)}")
    if outcome is not None:
        print("", *(clean(line) for line in outcome_lines(outcome)), sep="\n")
    for each in report.questions:
        print("\n" + clean(f"{each.question.id}　{each.question.text}"))
        table(_option_rows(each), as_json=False, empty="")
    for cross in report.tables:
        print(f"\n{TITLES['ja'][cross.attribute]}ごと")
        rows: list[Row] = [
            {
                "区分": group_words(group.name),
                "対象": group.electorate,
                "回答": group.answered,
                "未達": group.undeliverable,
                "回答率": percent(group.answered, group.electorate),
                **{q: _counts_text(report, group, q) for q in group.counts},
            }
            for group in cross.groups
        ]
        table(rows, as_json=False, empty="")


def _option_rows(each: QuestionReport) -> list[Row]:
    before = each.before if isinstance(each.before, Before) else None
    rows: list[Row] = []
    for column, count in (*each.options, (NONE, each.none)):
        row: Row = {
            "項目": column_head(each.question, column),
            "件数": count,
            "割合": percent(count, each.base),
        }
        if before:
            shown = before.counts.get(column)
            change = None if shown is None else before.change(column, count, each.base)
            row["前回"] = "" if shown is None else percent(shown, before.base)
            row["増減"] = "" if change is None else change_words(change)
        rows.append(row)
    rows.append(dict.fromkeys(rows[0], "") | {"項目": "母数", "件数": each.base})
    return [*rows, dict.fromkeys(rows[0], "") | {"項目": "非該当", "件数": each.not_asked}]


def _counts_text(report: Report, group: Group, question_id: str) -> str:
    """Return a group's counts in the order of the options: 12/3/＊."""
    each = next(each for each in report.questions if each.question.id == question_id)
    counts = [group.counts[question_id][column] for column, _ in each.options]
    return "/".join(WITHHELD if count is None else str(count) for count in counts)


def recounted(found: Recount, zone: ZoneInfo) -> Row:
    """Return what came of a recount: each vote with the rule that decided it, never with its answers."""
    return {
        "key": found.key,
        "state": found.state,
        "proved": not found.differences,
        "rows": found.rows,
        "head": found.head,
        "head_found_behind_row": found.head_found,
        "electorate": found.electorate,
        "bodies": dict(found.bodies),
        "tally": {question: dict(counts) for question, counts in found.tally.items()},
        "votes": [
            {
                "row": check.number,
                "body": check.row.code,
                "received": local(check.row.received_at, zone),
                "mail": check.row.inbox_id,
                "status": check.row.status,
                "version": check.row.version,
                "rule": check.row.rule,
                "level": check.row.level,
                "decided_by": check.row.by,
                "proved_by": check.basis,
                "differs": "; ".join(check.differs),
            }
            for check in found.votes
        ],
        "differences": list(found.differences),
        "notes": list(found.notes),
    }


def recount_text(shown: Row) -> None:
    """Print what came of a recount."""
    table(shown["votes"], as_json=False, empty="no replies yet")
    table(_tally_rows(shown["tally"]), as_json=False, empty="no questions")
    apart = {"votes", "tally", "differences", "notes", "bodies"}
    facts({name: fact for name, fact in shown.items() if name not in apart and fact is not None})
    facts({"bodies": "  ".join(f"{status} {number}" for status, number in shown["bodies"].items())})
    for note in shown["notes"]:
        print(f"note: {clean(note)}")


def sealed_lines(connection: Connection, key: str) -> list[Row]:
    """Return the published list of a closed sealed survey."""
    stored = surveys.load(connection, key)
    if stored is None or sealed.published(connection, key) is None:
        raise Refusal(f"survey {key} has no published list: it is not sealed, or not closed")
    lines = [(line, answers_of(text)) for line, text in sealed.lines(connection, key)]
    return [
        {"line": line} | {each.id: _answer_text(answers.get(each.id)) for each in stored.survey.questions}
        for line, answers in lines
    ]
