"""The paper of a written resolution: what is voted on, and under which rules (ballot.md section 3)."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator

from mailbot.core.calendar import Language, date_words
from mailbot.core.mail.wrap import COLUMNS, wrap
from mailbot.core.mail.wrap import columns as columns_of
from mailbot.core.surveys.share import share_words
from mailbot.core.surveys.survey import Article, Resolution, Survey

_LONGEST_DIFFERENCE = 40  # columns; a longer one says less than the two texts themselves
_INDENT = "     "

# A figure keeps its counter (10名), so that a difference is never half a number.
_WORD = re.compile(
    r"[0-9０-９,，.．]+[^\W\d_]?|[A-Za-zＡ-Ｚａ-ｚ]+|[ァ-ヶー]+|及び|又は|並びに|若しくは|[一-龯々](?:(?!及び|又は|並びに|若しくは)[一-龯々])*|\s+|."
)

_LABELS: dict[Language, dict[str, str]] = {
    "ja": {
        "head": "【書面表決{key}】{title}",
        "by_law": "根拠　　　　{words}",
        "quorum": "定足数　　　{words}",
        "threshold": "可決の要件　賛成が{words}",
        "further": "　　　　　　かつ賛成が{words}",
        "base_date": "基準日　　　{words}（この日の会員に表決権があります）",
        "digest": "議案の版　　第1版　照合 {words}",
        "comparison": "(新旧対照)",
        "unnamed": "対照その{number}",
        "old": "【現行】",
        "new": "【改正】",
        "none_old": "（新設）",
        "none_new": "（削除）",
        "changed": "変わる所：{old}→{new}",
        "added": "変わる所：「{new}」を加える",
        "removed": "変わる所：「{old}」を削る",
    },
    "en": {
        "head": "[Written resolution {key}] {title}",
        "by_law": "Held under:   {words}",
        "quorum": "Quorum:       {words}",
        "threshold": "Carried by:   votes for, {words}",
        "further": "   and by:     votes for, {words}",
        "base_date": "Entitled:     the members of {words}",
        "digest": "Text:         version 1, digest {words}",
        "comparison": "(old and new)",
        "unnamed": "change {number}",
        "old": "[old] ",
        "new": "[new] ",
        "none_old": "(new)",
        "none_new": "(deleted)",
        "changed": 'changed: "{old}" to "{new}"',
        "added": 'added: "{new}"',
        "removed": 'removed: "{old}"',
    },
}


def text_digest(survey: Survey) -> str:
    """Return a short digest of what is asked: 7F3A-91C2; any change of the text or the rules changes it.

    Of a resolution it covers title, by-law, quorum, thresholds, deemed consent, motions and comparison; of an
    ordinary survey its title and questions.
    """
    said: list[object] = [
        survey.title,
        [
            [question.id, question.text, question.type, question.options, question.when]
            for question in survey.questions
        ],
    ]
    if (resolution := survey.resolution) is not None:
        shares = [resolution.quorum, *resolution.thresholds]
        said += [
            resolution.by_law,
            resolution.deemed,
            [[share.numerator, share.denominator, share.of, share.more_than] for share in shares],
            [[article.name, article.old, article.new] for article in resolution.comparison],
        ]
    digest = hashlib.sha256(json.dumps(said, ensure_ascii=False).encode()).hexdigest()[:8].upper()
    return f"{digest[:4]}-{digest[4:]}"


def paper_lines(survey: Survey, language: Language = "ja", *, columns: int = COLUMNS) -> tuple[str, ...]:
    """Return what stands above the slots of a resolution: by-law, quorum, thresholds, base date, old and new text."""
    resolution = survey.resolution
    assert resolution is not None, "only a resolution has a voting paper"
    labels = _LABELS[language]
    lines = [labels["head"].format(key=survey.key, title=survey.title)]
    if resolution.by_law:
        lines.append(labels["by_law"].format(words=resolution.by_law))
    lines.append(labels["quorum"].format(words=share_words(resolution.quorum, language)))
    for place, threshold in enumerate(resolution.thresholds):
        label = labels["further" if place else "threshold"]
        lines.append(label.format(words=share_words(threshold, language)))
    lines.append(labels["base_date"].format(words=date_words(resolution.base_date, language)))
    lines.append(labels["digest"].format(words=text_digest(survey)))
    indent = "　　　　　　"
    wrapped = [
        part for line in lines for part in wrap(line, columns, indent=indent, longest_word=columns - 12)
    ]
    return (*wrapped, *comparison_lines(resolution, language, columns=columns))


def comparison_lines(
    resolution: Resolution, language: Language, *, columns: int = COLUMNS
) -> tuple[str, ...]:
    """Return the comparison table 新旧対照表 in plain text; empty when nothing is compared."""
    if not resolution.comparison:
        return ()
    labels = _LABELS[language]
    lines = [labels["comparison"]]
    for number, article in enumerate(resolution.comparison, 1):
        lines.append(f" {article.name or labels['unnamed'].format(number=number)}")
        lines += _side(labels["old"], article.old or labels["none_old"])
        lines += _side(labels["new"], article.new or labels["none_new"])
        if changed := difference(article, language):
            lines.append(f"   （{changed}）" if language == "ja" else f"   ({changed})")
    return tuple(
        part for line in lines for part in wrap(line, columns, indent=_INDENT, longest_word=columns - 5)
    )


def _side(label: str, text: str) -> list[str]:
    """Return one side of an article: on the line of its label, or below it when it has several lines."""
    written = [line.strip(" \t\r\u3000") for line in text.splitlines()]
    written = [line for line in written if line]
    if len(written) > 1:
        return [f"   {label.rstrip()}", *(_INDENT + line for line in written)]
    return [f"   {label}{''.join(written)}"]


def difference(article: Article, language: Language = "ja") -> str:
    """Return in a few words what an article changes: 10名→15名; "" where that is not short, or one side is empty."""
    old, new = _WORD.findall(_joined(article.old)), _WORD.findall(_joined(article.new))
    if not old or not new or old == new:
        return ""
    while old and new and old[0] == new[0]:
        old, new = old[1:], new[1:]
    while old and new and old[-1] == new[-1]:
        old, new = old[:-1], new[:-1]
    before, after = "".join(old).strip(), "".join(new).strip()
    if any("ぁ" <= part[:1] <= "ん" for part in (before, after)):
        return ""  # the change begins within a word or clause
    label = "changed"
    if not (before and after):
        label = "added" if after else "removed"
    words = _LABELS[language][label].format(old=before, new=after)
    return words if columns_of(words) <= _LONGEST_DIFFERENCE else ""


def _joined(text: str) -> str:
    return " ".join(line.strip(" \t\r\u3000") for line in text.splitlines()).strip()


# ---- how to vote -------------------------------------------------------------------------------------------------


def voting_lines(survey: Survey, language: Language, *, quotes: bool) -> Iterator[str]:
    """Yield how to vote, how to give a proxy, and what silence means; every example stands inside a sentence.

    `quotes`: whether the member's mail system quotes our text in a reply; without it, answers can only stand at the top.
    """
    resolution = survey.resolution
    assert resolution is not None, "only a resolution is voted on"
    yield from _how_ja(survey, quotes) if language == "ja" else _how_en(survey, quotes)
    if survey.mode != "sealed":  # a proxy would show how its holder voted
        yield from _proxy_ja(resolution) if language == "ja" else _proxy_en(resolution)


def _how_ja(survey: Survey, quotes: bool) -> Iterator[str]:
    example = "     例）議案1に賛成なら「Q1 1」、反対なら「Q1 2」"
    if quotes:
        yield "■ 表決の方法（どちらでもかまいません）"
        yield " ア このメールに返信し、本文の先頭に番号を書く"
        yield example
        yield " イ このメールに返信し、下の［　］の中に番号を書く"
    else:
        yield "■ 表決の方法"
        yield " 本文の先頭に番号を書いて、このメールに返信する"
        yield example
    yield " 締切までは何度でも出し直せます。最後に届いた表決を数えます。"
    yield " 表決は貴団体で1件です。表決する方としてご登録の方がお答えください。"
    deemed = survey.resolution.deemed if survey.resolution else ""
    if deemed:
        yield f" 締切までにお返事のない団体は、{deemed}により賛成とみなします。"
    else:
        yield " お返事のない団体は、賛成にも反対にも数えません。"


def _proxy_ja(resolution: Resolution) -> Iterator[str]:
    yield "■ 委任なさるとき"
    yield " 次のように1行だけ書いて、このメールに返信してください。"
    yield "     例）「委任 議長」、「委任 ○○市」"
    if resolution.chair:
        yield " 議長への委任は、締切の時点での議長の表決に従います。"
    else:
        yield " 議長への委任は、定足数にだけ数え、賛否には数えません。"
    yield " 他の会員への委任は、その会員の表決より前に届いたものに限ります。"
    yield " その後にご自身で表決されますと、委任は終わります。"


def _how_en(survey: Survey, quotes: bool) -> Iterator[str]:
    yield "To vote, just reply. " + ("Either write" if quotes else "Write") + " at the top, for instance"
    yield '   "Q1 1" to vote for motion 1, "Q1 2" against it' + ("," if quotes else ".")
    if quotes:
        yield "or put the numbers between the brackets below."
    yield "You may vote again; the last vote that reaches us before the"
    yield "deadline counts. Your body has one vote."
    deemed = survey.resolution.deemed if survey.resolution else ""
    if deemed:
        yield f"A body that does not reply is deemed to consent ({deemed})."
    else:
        yield "A body that does not reply is counted neither for nor against."


def _proxy_en(resolution: Resolution) -> Iterator[str]:
    yield "To give a proxy instead, reply with one line, for instance"
    yield '   e.g. "proxy to chair", or'
    yield '   e.g. "proxy to" and a member\'s name.'
    if resolution.chair:
        yield "A proxy to the chair follows the chair's vote as it stands at the close."
    else:
        yield "A proxy to the chair counts for the quorum alone."
    yield "One to a member must arrive before that member votes. If you"
    yield "vote yourself afterwards, your proxy ends."
