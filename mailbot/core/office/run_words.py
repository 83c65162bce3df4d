"""Planned runs in words: what a run does, how it is named, and what a person is told who changes one."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime

from mailbot.core.calendar import Language, english_weekday, japanese_weekday
from mailbot.core.office.plan import Action, JobName

_DOES: Mapping[Language, Mapping[tuple[str, str], str]] = {
    "ja": {
        ("survey", "open"): "調査の開始",
        ("survey", "reminder"): "再度のお願い",
        ("survey", "followup"): "未回答の一覧",
        ("survey", "close"): "調査の締切",
        ("survey", "freeze"): "有権者の確定",
        ("event", "notice"): "ご案内",
        ("event", "offer"): "空きのご案内の期限",
        ("event", "joining"): "ご参加の方法のお知らせ",
        ("event", "attendance"): "ご出席の確認",
        ("bulletin", "send"): "お知らせの送信",
        ("meeting", "propose"): "日程のご提案",
        ("meeting", "invite"): "会議のご案内",
        ("meeting", "minutes"): "議事録案",
        ("rollcall", "open"): "名簿確認の開始",
        ("rollcall", "reminder"): "名簿確認の再度のお願い",
    },
    "en": {
        ("survey", "open"): "opens",
        ("survey", "reminder"): "reminder",
        ("survey", "followup"): "list of the missing",
        ("survey", "close"): "closes",
        ("survey", "freeze"): "electorate frozen",
        ("event", "notice"): "notice",
        ("event", "offer"): "end of an offer of seats",
        ("event", "joining"): "how to join",
        ("event", "attendance"): "who was there",
        ("bulletin", "send"): "bulletin goes out",
        ("meeting", "propose"): "dates proposed",
        ("meeting", "invite"): "invitation",
        ("meeting", "minutes"): "draft minutes",
        ("rollcall", "open"): "roll-call opens",
        ("rollcall", "reminder"): "roll-call reminder",
    },
}
# The same of a resolution, which is no survey to its readers
_DOES_OF_VOTE: Mapping[Language, Mapping[Action, str]] = {
    "ja": {"open": "書面表決の開始", "close": "書面表決の締切"},
    "en": {},
}
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_COUNTED: frozenset[Action] = frozenset({"reminder", "followup", "notice"})

SENTENCES: Mapping[Language, Mapping[str, str]] = {
    "ja": {
        "postpone": "{run}を、{at}に延期しました。",
        "skip": "{run}を見送りました。",
        "send": "{run}を、これから送ります。",
        "undo": "{run}を、予定の{at}に戻しました。",
        "report": "{at}の予定でした。{what}（{job}）",
        "late": "{span}遅れて行いました。お送りしたメールには、遅れた旨を添えています。",
        "too-late-now": "{span}遅れており、もう意味のない時期でしたので、行いませんでした。",
        "reminder-late": "{span}遅れており、日を過ぎた催促になるため、送りませんでした。",
        "not-done": "行えませんでした。{why}",
        "unapproved": "いまの文面への承認（{who}）がまだありません。端末で mailbot surveys draft {key} とすると承認のお願いが届き、"
        "承認されしだい始まります。",
        "nobody-asked": "お送りする団体が名簿にありません。定義の audience をお確かめください。",
        "chair-outside": "議長の団体（{chair}）が、お送りする団体の中にありません。定義の chair と audience をお確かめください。",
        "closed-before": "締切（{at}）が過ぎています。定義の closes を直し、もう一度 mailbot apply としてください。",
        "gone": "定義からなくなっていたため、行いませんでした。",
        "no-answer": "お返事をいただかないまま、もう意味のない時期になりましたので、行いませんでした。",
        "asking": "{span}遅れており、このままお送りしてよいか分かりませんので、止めてあります。"
        "このメールに返信して、お決めください。お返事がなければ、時期を過ぎたときに取り止めます。",
        "ask-send": "送るときは「{name} 送信」",
        "ask-skip": "送らないときは「{name} 見送り」",
        "undo-hint": "元に戻すときは「{name} 取消」とお書きください。",
        "day-off": "新しい日時は、役所の休みの日か、お勤めの時間の外です。",
        "none": "{name} という番号の予定はありません。",
        "ran": "{run}は、もう行いました。{out}",
        "out": "{total}通のうち{left}通は、もう出ています。残りを止めるときは「停止 {key}」とお書きください。",
        "all-out": "{total}通は、すべて出ています。",
        "withdrawn": "{run}は、定義が変わったため、なくなっています。",
        "no-close": "{run}は、予定としては動かせません。「延期 {key} 7/9」か「締切 {key}」とお書きください。",
        "no-freeze": "{run}は、基準日に行うため、動かせません。",
        "no-skip-open": "{run}は、見送れません。「{name} 延期 7/9 10:00」とするか、定義ファイルの opens と closes を先の日時に直し、"
        "mailbot apply としてください。",
        "two-persons": "{run}は、承認の要ることです。端末で mailbot {command} {key} としてお求めください。",
        "past": "その日時は過ぎています。すぐに送るときは「{name} 送信」とお書きください。",
        "too-late": "{run}を、締切や開会の後に延期することはできません。",
        "unchanged": "{run}は、変わっていません。",
        "sending-stop": "{key}の送信を止めました。{total}通のうち{out}通は、もう出ています。残りの{count}通は、止めてあります。",
        "sending-resume": "{key}の送信を続けます。{total}通のうち{out}通が出ており、残りの{count}通をこれから送ります。",
        "sending-cancel": "{key}の送信を取り止めました。{total}通のうち{out}通は、もう出ています。残りの{count}通は送りません。",
        "sending-hint": "続けるときは「続行 {key}」、取り止めるときは「取止め {key}」とお書きください。",
        "sending-passed": "同じメールを配信した別のリストから、そのリストの会員{count}名に送ります。",
        "nothing-leaves": "{key}で、いま送っている途中のものはありません。",
        "stopped-already": "{key}の送信は、もう止めてあります。",
        "not-stopped": "{key}の送信は、止まっていません。",
        "moved": "定義では{at}の予定です。",
        "odd-day": "役所の休みの日です。",
        "odd-hour": "お勤めの時間の外です。",
        "unpublished": "{year}年の祝日はまだ公表されていません。近くなりましたら、日取りをお確かめください。",
        "was-late": "{span}遅れて行いました。",
        "was-skipped": "行いませんでした。その折に【報告】のメールでお知らせしています。",
        "was-skipped-by-hand": "ご指示により見送りました。",
        "days-off": "今週のお休みは、{days}です。",
        "stood-still-head": "サービスが止まっていました",
        "stood-still": "{since}から{now}まで、{span}の間、止まっていたか、時計が進められました。"
        "この間に行うはずだった予定は{count}件です。遅れの決まりに従って行うか、お尋ねするか、取り止めてお知らせします。",
        "set-on-head": "時計が進められました",
        "set-on": "時計が{span}進められ、{since}のところが{now}になりました（機械が一時止められていた場合も、こうなります）。"
        "この時刻までの予定は{count}件です。時計が誤っていると、予定が早く行われます。正しい時刻か、お確かめください。",
        "set-back-head": "時計が戻されました",
        "set-back": "{since}まで動いた後、時計が{span}戻されて{now}になりました。一度行った予定を、もう一度行うことはありません。",
        "over": "{run}は、締切や開会を過ぎたため、送れません。",
    },
    "en": {
        "postpone": "{run} is postponed to {at}.",
        "skip": "{run} is skipped.",
        "send": "{run} goes out now.",
        "undo": "{run} is planned for {at} again.",
        "report": "It was planned for {at}. {what} ({job})",
        "late": "It was done {span} late; the mails say so.",
        "too-late-now": "It was {span} late, when it had no use any more, and was not done.",
        "reminder-late": "It was {span} late, would have named the wrong day, and was not sent.",
        "not-done": "It could not be done: {why}",
        "unapproved": "nobody has approved exactly this text ({who}). `mailbot surveys draft {key}` asks for it, and the survey opens as "
        "soon as it is approved.",
        "nobody-asked": "the register has nobody to whom it goes; see `audience:` in its definition.",
        "chair-outside": "the body of the chair ({chair}) is not among those to whom it goes; see `chair:` and `audience:` in its definition.",
        "closed-before": "its close ({at}) is past; set `closes:` in its definition, and run `mailbot apply` again.",
        "gone": "Its definition no longer has it; it was not done.",
        "no-answer": "You did not answer before it had no use any more, and it was not done.",
        "asking": "It is {span} late, may or may not be wanted still, and is kept back. Please decide by reply to this mail; "
        "without an answer it is dropped when its time is over.",
        "ask-send": 'to send it "{name} send"',
        "ask-skip": 'to drop it "{name} skip"',
        "undo-hint": 'To take that back write "{name} undo".',
        "day-off": "The new time is on a day off, or outside office hours.",
        "none": "No run has the number {name}.",
        "ran": "{run} is done already. {out}",
        "out": '{left} of {total} mails are out already. To stop the others write "stop {key}".',
        "all-out": "All {total} mails are out.",
        "withdrawn": "{run} is no longer planned: its definition has changed.",
        "no-close": '{run} cannot be moved here; write "extend {key} 7/9" or "close {key}".',
        "no-freeze": "{run} stands on the base date and cannot be moved.",
        "no-skip-open": '{run} cannot be skipped; write "{name} postpone 7/9 10:00", or set `opens:` and `closes:` in its file to a later day and run `mailbot apply`.',
        "two-persons": "{run} needs an approval; ask for it with mailbot {command} {key}.",
        "past": 'That time is past. To send at once write "{name} send".',
        "too-late": "{run} cannot be postponed beyond the close or the beginning.",
        "unchanged": "{run} is not changed.",
        "sending-stop": "{key} is stopped. {out} of {total} mails are out already; the other {count} wait.",
        "sending-resume": "{key} goes on. {out} of {total} mails are out; the other {count} leave now.",
        "sending-cancel": "{key} is called off. {out} of {total} mails are out already; the other {count} never leave.",
        "sending-hint": 'To go on write "continue {key}", to call it off "call off {key}".',
        "sending-passed": " Another list that took the same mail sends it to {count} members of its own.",
        "nothing-leaves": "{key}: nothing is being sent.",
        "stopped-already": "{key} is stopped already.",
        "not-stopped": "{key} is not stopped.",
        "moved": "By its definition it is planned for {at}.",
        "odd-day": "This is a day off.",
        "odd-hour": "This is outside office hours.",
        "unpublished": "The public holidays of {year} are not published yet; please look at the date again later.",
        "was-late": "It was done {span} late.",
        "was-skipped": "It was not done; you were told at the time.",
        "was-skipped-by-hand": "It was skipped by your word.",
        "days-off": "Days off this week: {days}.",
        "stood-still-head": "The service stood still",
        "stood-still": "From {since} to {now}, for {span}, it stood still, or its clock was set forward. {count} runs were due in "
        "that time; each is done, asked about or dropped by its rule.",
        "set-on-head": "The clock was set on",
        "set-on": "The clock should have shown {since} when it was set on by {span} to {now} (a machine that was paused looks like "
        "this as well). {count} runs are due by it. With a wrong clock they are done too early: see whether it is right.",
        "set-back-head": "The clock was set back",
        "set-back": "The service had worked until {since} when its clock was set back by {span} to {now}. Nothing is done twice.",
        "over": "{run} cannot go out any more: the close or the beginning is past.",
    },
}


def run_name(number: int) -> str:
    """Return how a run is named in mails and by commands: P-0012."""
    return f"P-{number:04d}"


def run_words(name: JobName, language: Language, *, resolution: bool) -> str:
    """Return what a run is: 「S26-014の再度のお願い（2回目）」, "S26-014: reminder 2"."""
    does = _DOES[language].get((name.subject, name.action), name.action)
    if resolution:
        does = _DOES_OF_VOTE[language].get(name.action, does)
    if language == "ja":
        count = f"（{name.number}回目）" if name.action in _COUNTED and name.number > 1 else ""
        return f"{name.key}の{does}{count}" if name.subject != "rollcall" else f"{does}{count}"
    count = f" {name.number}" if name.action in _COUNTED and name.number > 1 else ""
    return f"{name.key}: {does}{count}"


def day_words(day: date, language: Language) -> str:
    """Return a day of the weeks around: 「12月1日（火）」, "Tue 1 Dec"."""
    if language == "ja":
        return f"{day.month}月{day.day}日（{japanese_weekday(day)}）"
    return f"{english_weekday(day)[:3]} {day.day} {_MONTHS[day.month - 1]}"


def hour_words(moment: datetime, language: Language) -> str:
    """Return the time of day behind a day: 「10時」「9時30分」, ", 09:30"."""
    if language == "ja":
        return f"{moment.hour}時" + (f"{moment.minute}分" if moment.minute else "")
    return f", {moment:%H:%M}"


def run_sentence(language: Language, kind: str, **figures: object) -> str:
    """Return the sentence of this kind with its figures."""
    return SENTENCES[language][kind].format(**figures)
