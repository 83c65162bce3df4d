"""What probes of mail systems have found, in sentences for people who never saw a mail header."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from mailbot.core.calendar import Language
from mailbot.core.mail.wrap import COLUMNS, NARROWEST
from mailbot.core.surveys.gateway import ProbeFindings, layout

_SLOW = 600  # seconds on the way from which on it is reported


def finding_sentences(found: ProbeFindings, language: Language = "ja") -> tuple[str, ...]:
    """Return what was found, one sentence each, for people who never saw a mail header."""
    sentences = _sentences_ja(found) if language == "ja" else _sentences_en(found)
    plain = "崩れずに往復しました。" if language == "ja" else "Nothing was damaged on the way."
    return tuple(sentences) or (plain,)


def probe_summary(results: Sequence[ProbeFindings | None], language: Language) -> tuple[str, ...]:
    """Return what all probes together show, in sentences for the office; None stands for one without a reply."""
    found = [each for each in results if each is not None]
    if not results:
        return ()
    narrow = Counter(layout(each).columns for each in found if layout(each).columns != COLUMNS)
    silent, unquoted = len(results) - len(found), sum(not each.quotes for each in found)
    html = sum(each.form == "html" for each in found)
    tagged, damaged = sum(bool(each.subject_tag) for each in found), sum(bool(each.damaged) for each in found)
    facts = [
        (
            len(results),
            f"{len(results)}団体に送り、{len(found)}団体から返信がありました。",
            f"{len(results)} probes were sent, {len(found)} replies came.",
        ),
        *(
            (
                number,
                f"{number}団体には、行を{width}桁に縮めた回答票をお送りします。",
                f"{number} will get ballots of {width} columns.",
            )
            for width, number in sorted(narrow.items(), reverse=True)
        ),
        (
            unquoted,
            f"{unquoted}団体の返信には、元のメールが引用されません。",
            f"{unquoted} do not quote our mail in replies.",
        ),
        (html, f"{html}団体の返信は、HTML形式だけで届きます。", f"{html} reply in HTML alone."),
        (
            tagged,
            f"{tagged}団体では件名に印が付きます。読み取りに支障はありません。",
            f"{tagged} add a tag to the Subject; that does no harm.",
        ),
        (
            damaged,
            f"{damaged}団体で一部の記号が化けます。調査の文に使えない記号は check が断ります。",
            f"{damaged} damage some characters; check refuses a survey with such characters.",
        ),
        (
            silent,
            f"{silent}団体からはまだ返信がありません。届いているか、電話などでご確認ください。",
            f"{silent} have not replied yet; ask them by telephone whether it arrived.",
        ),
    ]
    return tuple(
        in_japanese if language == "ja" else english for number, in_japanese, english in facts if number
    )


def _sentences_ja(found: ProbeFindings) -> Iterator[str]:
    if not found.quotes:
        yield "返信に元のメールが引用されません。本文の先頭に番号を書く方法だけをご案内します。"
    elif found.wrapped_at is not None:
        yield f"長い行が約{found.wrapped_at}桁で折り返されます。{layout(found).columns}桁の回答票をお送りします。"
    if found.quotes and NARROWEST not in found.intact:
        yield "最も短い行も折り返されます。読み取りはできますが、回答票が見にくいおそれがあります。"
    if found.run_together:
        yield "行の切れ目が失われ、複数の行がつながります。"
    if found.damaged:
        yield f"記号（{'、'.join(found.damaged)}）が別の字に変わります。"
    if found.brackets is False:
        yield "かっこが別の字に変わります。本文の先頭に番号を書く方法が確実です。"
    if found.blanks is False or found.leading is False:
        yield "続いた空白や行頭の空白が詰められます。"
    if found.form == "html":
        yield "返信はHTML形式だけで届きます。"
    if found.subject_tag:
        yield f"件名に「{found.subject_tag}」が付きます。"
    if not found.subject_kept:
        yield "件名が書き換えられます。"
    if found.message_id != "kept":
        yield "返信の元をたどる番号（Message-ID）が失われます。返信先のアドレスで見分けるので支障はありません。"
    if found.banner_top or found.banner_bottom:
        yield f"注意書きなどの行が加わります（「{(found.banner_top + found.banner_bottom)[0]}」）。"
    if found.attachments:
        yield f"添付ファイルが付きます（{'、'.join(found.attachments[:3])}）。"
    if found.delay_s is not None and found.delay_s >= _SLOW:
        yield f"送信から到着まで約{found.delay_s // 60}分かかります。締切間際のお返事にご注意ください。"


def _sentences_en(found: ProbeFindings) -> Iterator[str]:
    if not found.quotes:
        yield "Replies do not quote our mail; the ballot will only ask for numbers at the top."
    elif found.wrapped_at is not None:
        yield f"Long lines are broken at about {found.wrapped_at} columns; ballots will have {layout(found).columns}."
    if found.quotes and NARROWEST not in found.intact:
        yield "Even the shortest lines are broken; ballots can be read, but will not look well."
    if found.run_together:
        yield "Line ends are lost: several lines run together."
    if found.damaged:
        yield f"Some characters come back as others ({', '.join(found.damaged)})."
    if found.brackets is False:
        yield "Brackets come back as others; numbers at the top are safer."
    if found.blanks is False or found.leading is False:
        yield "Several blanks, or blanks at the beginning of a line, become one or none."
    if found.form == "html":
        yield "Replies come in HTML alone."
    if found.subject_tag:
        yield f'"{found.subject_tag}" is added to the Subject.'
    if not found.subject_kept:
        yield "The Subject is rewritten."
    if found.message_id != "kept":
        yield "The Message-ID that a reply refers to is lost; the reply address still tells whose it is."
    if found.banner_top or found.banner_bottom:
        yield f'Lines such as "{(found.banner_top + found.banner_bottom)[0]}" are added.'
    if found.attachments:
        yield f"A file is attached ({', '.join(found.attachments[:3])})."
    if found.delay_s is not None and found.delay_s >= _SLOW:
        yield f"A reply takes about {found.delay_s // 60} minutes to reach us."
