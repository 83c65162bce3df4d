"""What a written resolution came to, in lines: who took part, the quorum, and what became of each motion."""

from __future__ import annotations

from collections.abc import Iterator

from mailbot.core.calendar import Language
from mailbot.core.mail.wrap import COLUMNS, wrap
from mailbot.core.surveys.resolution import Cast, MotionOutcome, ResolutionOutcome
from mailbot.core.surveys.share import Requirement, share_words


def outcome_lines(outcome: ResolutionOutcome, language: Language = "ja") -> tuple[str, ...]:
    """Return the whole outcome: who took part, the quorum, and for each motion its votes and every requirement."""
    lines = [*_attendance(outcome, language), ""]
    lines += _requirement("定足数" if language == "ja" else "Quorum", outcome.quorum, language)
    for motion in outcome.motions:
        lines += ["", *_motion(motion, outcome, language)]
    return tuple(lines)


def _attendance(outcome: ResolutionOutcome, language: Language) -> Iterator[str]:
    if language == "en":
        yield f"Members entitled to vote: {outcome.electorate}"
        yield f"Present: {outcome.present} (voted {outcome.direct}, by proxy to a member {outcome.by_proxy},"
        yield f"   by proxy to the chair {outcome.to_chair})"
        if outcome.deemed:
            yield f"   of these deemed to consent, by the by-law: {outcome.deemed}"
        yield f"Without a vote: {len(outcome.silent)}"
        return
    yield f"表決権者　　{outcome.electorate}団体"
    yield f"出席　　　　{outcome.present}団体"
    yield f"　本人の表決　　　{outcome.direct}団体"
    yield f"　他の会員へ委任　{outcome.by_proxy}団体"
    yield f"　議長へ委任　　　{outcome.to_chair}団体"
    if outcome.deemed:
        yield f"　みなし賛成　　　{outcome.deemed}団体（定めの条により、返事のない団体）"
    yield f"表決なし　　{len(outcome.silent)}団体"


_RESULTS: dict[Language, dict[str, str]] = {
    "ja": {"carried": "可決", "lost": "否決", "no quorum": "不成立（定足数に達しないため）"},
    "en": {"carried": "carried", "lost": "not carried", "no quorum": "void (there was no quorum)"},
}


def verdict_lines(outcome: ResolutionOutcome, language: Language) -> tuple[str, ...]:
    """Return what became of each motion, and nothing else: what a reader looks for first."""
    return tuple(
        line
        for motion in outcome.motions
        for line in wrap(
            f"議案第{_number(motion)}号　{motion.question.text}　{_result(motion, outcome, language)}"
            if language == "ja"
            else f"Motion {_number(motion)}: {motion.question.text}: {_result(motion, outcome, language)}",
            COLUMNS - 2,
            indent="　　",
        )
    )


def _number(motion: MotionOutcome) -> str:
    return motion.question.id.removeprefix("Q")


def _result(motion: MotionOutcome, outcome: ResolutionOutcome, language: Language) -> str:
    if motion.carried:
        return _RESULTS[language]["carried"]
    return _RESULTS[language]["lost" if outcome.quorum.reached else "no quorum"]


def _motion(motion: MotionOutcome, outcome: ResolutionOutcome, language: Language) -> Iterator[str]:
    number, result = _number(motion), _result(motion, outcome, language)
    japanese = language == "ja"
    head = (
        f"議案第{number}号　{motion.question.text}"
        if japanese
        else f"Motion {number}: {motion.question.text}"
    )
    yield from wrap(head, indent="　　" if japanese else "   ")
    yield f"　結果　{result}" if japanese else f"   Result: {result}"
    rows = (
        (("賛成", motion.yes), ("反対", motion.no), ("棄権", motion.abstain))
        if japanese
        else (("for", motion.yes), ("against", motion.no), ("abstained", motion.abstain))
    )
    for label, cast in rows:
        yield _cast(label, cast, outcome.deemed > 0, language)
    if japanese:
        yield f"　無効　{motion.invalid}（この議案の記入がない表決）"
        yield f"　不行使　{motion.idle}（委任のうち、受任者の表決がないもの）"
        yield f"　表決総数　{motion.votes}（賛成、反対、棄権の合計）"
    else:
        yield f"   invalid: {motion.invalid} (voted, but not on this motion)"
        yield f"   idle proxies: {motion.idle} (their holder cast no vote for them)"
        yield f"   votes cast: {motion.votes}"
    for place, threshold in enumerate(motion.thresholds, 1):
        many = str(place) if len(motion.thresholds) > 1 else ""
        yield from _requirement(
            f"要件{many}　賛成が" if japanese else f"Requirement {many}".strip(), threshold, language
        )


def _cast(label: str, cast: Cast, deemed: bool, language: Language) -> str:
    if language == "en":
        more = f", deemed {cast.deemed}" if deemed else ""
        return (
            f"   {label}: {cast.total} (direct {cast.direct}, proxy {cast.proxy}, chair {cast.chair}{more})"
        )
    more = f"、みなし {cast.deemed}" if deemed else ""
    return (
        f"　{label}　{cast.total}（本人 {cast.direct}、委任 {cast.proxy}、議長への委任 {cast.chair}{more}）"
    )


def _requirement(label: str, requirement: Requirement, language: Language) -> Iterator[str]:
    """Yield what is required, the exact fraction that it came to, and whether that is enough."""
    words = share_words(requirement.share, language)
    if language == "en":
        yield from wrap(f"{label}: {words}", indent="   ")
        enough = "reached" if requirement.reached else "not reached"
        yield f"   {requirement.count} of {requirement.whole}; {_least(requirement, language)}: {enough}"
        return
    joined = label if label.endswith("が") else f"{label}　"
    yield from wrap(f"　{joined}{words}" if label.endswith("が") else f"{joined}{words}", indent="　　")
    enough = "満たします" if requirement.reached else "満たしません"
    yield f"　　{requirement.count}／{requirement.whole}、{_least(requirement, language)}　→ {enough}"


def _least(requirement: Requirement, language: Language) -> str:
    if requirement.whole == 0:
        return "母数がないため成立しません" if language == "ja" else "of nobody nothing is reached"
    if language == "en":
        return f"{requirement.least} needed"
    return f"必要な数 {requirement.least}以上"
