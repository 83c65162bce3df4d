"""What the office is told about who was at an event, or who said to it that he comes, in both languages: each a sentence with its figures."""

from __future__ import annotations

from collections.abc import Mapping

from mailbot.core.calendar import Language

_SENTENCES: Mapping[Language, Mapping[str, str]] = {
    "ja": {
        "all": "{key} にご出席とお返事のあった{bodies}団体を、お返事のとおり{people}名の出席と記録しました。",
        "nobody": "{key} にご出席とお返事のあった{bodies}団体を、すべて欠席と記録しました。",
        "came": "{key} の出席として、{names}と記録しました。",
        "joined": "{key} の当日参加として、{names}と記録しました。",
        "absent": "{key} の欠席として、{names}を記録しました。",
        "stands": "これで記録は、出席{bodies}団体{people}名、欠席{absent}団体です。",
        "open": "ご出席とお返事のあった団体のうち、まだ記録のない団体が{open}あります。",
        "undo": "間違いのときは、反対の言葉で直せます（例「{opposite}」）。",
        "one": "{body}{people}名",
        "more": "ほか{count}団体",
        "between": "、",
        "opposite-came": "欠席 {key} {body}",
        "opposite-joined": "欠席 {key} {body}",
        "opposite-absent": "出席 {key} {body}",
        "opposite-all": "全員欠席 {key}",
        "opposite-nobody": "全員出席 {key}",
        "which": "どの研修会・会議のことか分かりません。「全員出席 N26-07」のように、番号もお書きください。",
        "none": "{key} という研修会・会議はありません。",
        "cancelled": "{key} は中止になっています。",
        "not-begun": "{key} はまだ始まっていません。始まってからお書きください。",
        "no-seats": "{key} にご出席とお返事のあった団体はありません。「当日参加 長野市 1名」のようにお書きください。",
        "no-body": "「{called}」に当たる団体が、名簿にありません。",
        "several": "「{called}」に当たる団体は、{names}です。都道府県名を付けるか、団体コードでお書きください。",
        "no-seat": "{body}からは、ご出席のお返事がありません。おいでになったときは「当日参加 {body} 1名」のように、"
        "人数もお書きください。",
        "has-seat": "{body}からは、ご出席のお返事があります。「出席 {body} {people}名」のように、"
        "おいでになった合計の人数でお書きください。",
        "not-there": "{body}は、出席としていません。",
        "twice": "{body}が2回書かれています。",
        "rsvp": "{key} の{body}のご出欠を入力しました（第{version}版、{stands}）。{body}にも受付のメールでお知らせします。",
        "rsvp-attending": "ご出席 {people}名",
        "rsvp-waiting": "満席のため空き待ち {people}名",
        "rsvp-declined": "ご欠席",
        "rsvp-later": "お返事は後日",
        "rsvp-named": "{stands}　{names}",
        "rsvp-unread": "ご出席かどうかを読み取れません。「出席 2名 山田太郎、鈴木花子」「欠席」のようにお書きください。",
        "undo-rsvp": "直すときは、もう一度「代理」の行でご指示ください。団体からの返信でも直せます。",
        "not-announced": "{key} のご案内は、まだ送っていません。送った後にお書きください。",
        "begun": "{key} はもう始まっています。おいでになった団体は「当日参加 {key} 長野市 1名」のようにお書きください。",
        "status-planned": "{key} は {when}です。ご案内はまだ送っていません。",
        "status": "{key} は {when}です。{asked}団体にご案内し、ご出席が{bodies}団体{people}名、空き待ちが{waiting}団体、"
        "ご欠席が{declined}団体で、ほかの{silent}団体は決まっていません。",
    },
    "en": {
        "all": "{key}: the {bodies} bodies with seats are entered as they registered, {people} people.",
        "nobody": "{key}: the {bodies} bodies with seats are entered as absent.",
        "came": "{key}: entered as there: {names}.",
        "joined": "{key}: entered as having joined: {names}.",
        "absent": "{key}: entered as absent: {names}.",
        "stands": "Now {people} people of {bodies} bodies were there, and {absent} bodies were absent.",
        "open": "Of {open} bodies with seats nothing is entered yet.",
        "undo": 'If that is wrong, write the opposite word, as in "{opposite}".',
        "one": "{body} ({people})",
        "more": "{count} more",
        "between": ", ",
        "opposite-came": "absent {key} {body}",
        "opposite-joined": "absent {key} {body}",
        "opposite-absent": "attended {key} {body}",
        "opposite-all": "all absent {key}",
        "opposite-nobody": "all attended {key}",
        "which": 'It is not clear which event is meant; please write its key, as in "all attended N26-07".',
        "none": "There is no event {key}.",
        "cancelled": "{key} was cancelled.",
        "not-begun": "{key} has not begun; who was there is entered afterwards.",
        "no-seats": '{key}: nobody had a seat; please write "joined 202011 1 person".',
        "no-body": 'No body of the register is called "{called}".',
        "several": '"{called}" may be {names}; please add the prefecture, or write the code.',
        "no-seat": '{body} had no seat; if somebody came, please write how many: "joined {body} 1 person".',
        "has-seat": '{body} had seats; please write how many came in all: "attended {body} {people} people".',
        "not-there": "{body} is not entered as there.",
        "twice": "{body} stands there twice.",
        "rsvp": "What {body} said of {key} is entered (version {version}, {stands}); it is told so by mail.",
        "rsvp-attending": "attending ({people})",
        "rsvp-waiting": "on the waiting list, since all seats are taken ({people})",
        "rsvp-declined": "not attending",
        "rsvp-later": "to answer later",
        "rsvp-named": "{stands}: {names}",
        "rsvp-unread": 'Whether the body comes cannot be read; please write "attending, 2 people" or "not attending".',
        "undo-rsvp": 'To correct it, send another "enter" line; the body may correct it in reply, too.',
        "not-announced": "The notice of {key} is not out yet; please write this when it is.",
        "begun": '{key} has begun; of a body that came please write "joined {key} 202011 1 person".',
        "status-planned": "{key} is on {when}. No notice is out yet.",
        "status": "{key} is on {when}. {asked} bodies were asked: {bodies} attend with {people} people, {waiting} wait, "
        "{declined} do not attend, {silent} are undecided.",
    },
}


def attendance_sentence(language: Language, name: str, **figures: object) -> str:
    """Return one of these sentences with its figures."""
    return _SENTENCES[language][name].format(**figures)
