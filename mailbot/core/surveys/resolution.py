"""What a written resolution comes to: votes, proxies, quorum and thresholds, counted exactly (ballot.md 3 and 11)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime

from mailbot.core.surveys.share import Requirement
from mailbot.core.surveys.survey import Answers, Denominator, Question, Resolution, Survey

CHAIR = ""  # the holder of a proxy to the chair 議長一任
VALID = ("yes", "no", "abstain")


@dataclass(frozen=True)
class Proxy:
    """One body's proxy 委任: it gives its vote to another body, or to the chair."""

    code: str  # the giver
    holder: str  # code of the body that votes for it; CHAIR: the chair
    recorded_at: datetime
    words: str = ""  # to whom, as it was written
    by: str = ""  # From address, or "office"


@dataclass(frozen=True)
class Cast:
    """Votes of one kind on one motion, by how they came to be."""

    direct: int = 0
    proxy: int = 0  # through another body
    chair: int = 0  # through the chair
    deemed: int = 0  # みなし賛成: silence that a by-law takes for consent

    @property
    def total(self) -> int:
        """Return how many votes these are."""
        return self.direct + self.proxy + self.chair + self.deemed


@dataclass(frozen=True)
class MotionOutcome:
    """What one motion 議案 got."""

    question: Question
    yes: Cast
    no: Cast
    abstain: Cast
    invalid: int  # bodies that voted, but said nothing valid about this motion
    idle: int  # proxies whose holder cast no vote on it that counts for the giver
    thresholds: tuple[Requirement, ...]
    carried: bool  # the quorum is there and every threshold is reached

    @property
    def votes(self) -> int:
        """Return the votes cast, abstentions included."""
        return self.yes.total + self.no.total + self.abstain.total


@dataclass(frozen=True)
class ResolutionOutcome:
    """What a resolution comes to. direct + by_proxy + to_chair + deemed + silent is the electorate."""

    electorate: int
    direct: int  # bodies that voted themselves
    by_proxy: int  # bodies that gave their vote to another body
    to_chair: int  # bodies that gave it to the chair
    deemed: int  # bodies whose silence a by-law takes for consent; 0 unless it does
    silent: tuple[str, ...]  # codes of the bodies without a vote, in the order of the electorate
    quorum: Requirement
    motions: tuple[MotionOutcome, ...]

    @property
    def present(self) -> int:
        """Return how many bodies take part: by their vote, a proxy, or (only where a by-law says so) silence."""
        return self.direct + self.by_proxy + self.to_chair + self.deemed


def outcome(
    survey: Survey,
    electorate: Sequence[str],
    votes: Mapping[str, Answers],
    proxies: Sequence[Proxy],
    *,
    voted_at: Mapping[str, datetime] | None = None,
    replied: AbstractSet[str] = frozenset(),
) -> ResolutionOutcome:
    """Count a resolution: `electorate` are the entitled bodies, `votes` the counted direct votes by code.

    `proxies`: those that stood at the close, one for a giver at most. A giver's own vote ends its proxy. A proxy to
    a body takes part in that body's vote only if it was recorded before it (ballot.md section 11): `voted_at` says
    when the votes that stand were cast; a body that is not in it is taken to have voted last. The chair exercises at
    the close what is given to the chair. `replied`: bodies that answered, or never got the ballot, and whose vote
    does not stand; their silence is never consent.
    """
    resolution = survey.resolution
    assert resolution is not None, "only a resolution has an outcome"
    entitled = dict.fromkeys(electorate)
    direct = {
        code: votes[code] for code in entitled if code in votes and _says_something(survey, votes[code])
    }
    given = {proxy.code: proxy for proxy in proxies if proxy.code in entitled and proxy.code not in direct}
    voters = {code: _voter(proxy, resolution, direct, voted_at or {}) for code, proxy in given.items()}
    without = [code for code in entitled if code not in direct and code not in given]
    heard = {*replied, *votes}
    deemed = [code for code in without if resolution.deemed and code not in heard]
    to_chair = sum(proxy.holder == CHAIR for proxy in given.values())
    turnout = _Turnout(direct, given, voters, len(deemed), len(entitled))
    quorum = Requirement(resolution.quorum, turnout.present, len(entitled))
    motions = tuple(_motion(question, resolution, turnout, quorum) for question in survey.questions)
    return ResolutionOutcome(
        electorate=len(entitled),
        direct=len(direct),
        by_proxy=len(given) - to_chair,
        to_chair=to_chair,
        deemed=len(deemed),
        silent=tuple(code for code in without if code not in deemed),
        quorum=quorum,
        motions=motions,
    )


def _says_something(survey: Survey, answers: Answers) -> bool:
    return any(answers.get(question.id) in VALID for question in survey.questions)


def _voter(
    proxy: Proxy, resolution: Resolution, direct: Mapping[str, Answers], voted_at: Mapping[str, datetime]
) -> str | None:
    """Return the body whose direct vote counts for the giver; None: nobody's does."""
    holder = resolution.chair if proxy.holder == CHAIR else proxy.holder
    if holder not in direct:  # nor does a proxy of a proxy go on: who gave one has no direct vote
        return None
    voted = voted_at.get(holder)
    late = proxy.holder != CHAIR and voted is not None and voted < proxy.recorded_at
    return None if late else holder


@dataclass(frozen=True)
class _Turnout:
    """Who takes part in a resolution, and how."""

    direct: Mapping[str, Answers]  # bodies that voted themselves
    given: Mapping[str, Proxy]  # by the body that gave it
    voters: Mapping[str, str | None]  # by the same: whose direct vote counts for it; None: nobody's
    deemed: int  # bodies whose silence is consent
    electorate: int

    @property
    def present(self) -> int:
        """How many count for the quorum."""
        return len(self.direct) + len(self.given) + self.deemed


def _motion(
    question: Question, resolution: Resolution, turnout: _Turnout, quorum: Requirement
) -> MotionOutcome:
    own = [answers.get(question.id) for answers in turnout.direct.values()]
    through: list[tuple[bool, object]] = []
    for code, voter in turnout.voters.items():
        said = turnout.direct[voter].get(question.id) if voter is not None else None
        through.append((turnout.given[code].holder == CHAIR, said))
    cast = {
        choice: Cast(
            direct=own.count(choice),
            proxy=through.count((False, choice)),
            chair=through.count((True, choice)),
            deemed=turnout.deemed if choice == "yes" else 0,
        )
        for choice in VALID
    }
    counted = sum(each.total for each in cast.values())
    wholes: dict[Denominator, int] = {
        "electorate": turnout.electorate,
        "present": turnout.present,
        "votes": counted,
        "yes_and_no": cast["yes"].total + cast["no"].total,
    }
    thresholds = tuple(
        Requirement(share, cast["yes"].total, wholes[share.of]) for share in resolution.thresholds
    )
    return MotionOutcome(
        question=question,
        yes=cast["yes"],
        no=cast["no"],
        abstain=cast["abstain"],
        invalid=sum(answer not in VALID for answer in own),
        idle=sum(said not in VALID for _, said in through),
        thresholds=thresholds,
        carried=quorum.reached and all(threshold.reached for threshold in thresholds),
    )
