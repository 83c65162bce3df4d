"""What the office and members are told about meetings, in both languages: each a sentence with its figures."""

from __future__ import annotations

from collections.abc import Mapping

from mailbot.core.calendar import Language

_SENTENCES: Mapping[Language, Mapping[str, str]] = {
    "ja": {
        "none": "{key} という会議はありません。",
        "no-time": "{key} の日時が決まっていません。「決定 {key} 2」のように、候補の番号か日時をお書きください。",
        "no-candidate": "{key} に{number}番の候補はありません。",
        "past": "{at} は過ぎています。",
        "overnight": "{key} が翌日にかかります。始まりの時刻をお確かめください。",
        "same": "{key} は、もうその日時に決まっています。",
        "fixed": "{key} を {when}に決め、{invited}団体にご案内を送ります。",
        "moved": "{key} を {when}に改め、{invited}団体にお知らせします。",
        "poll-ended": "日程のお尋ね（{poll}）は、これで締め切ります。",
        "status-polling": "{key} は日程の調整中です。{answered}団体からお返事があり、{members}団体のうち{missing}団体がまだです。",
        "status-planned": "{key} は日時が決まる前です。",
        "status-fixed": "{key} は {when}です。出席{attending}、委任{proxies}、{idle}欠席{declined}、お返事なし{silent}。"
        "定足数は{members}団体のうち{needed}で、{reached}。",
        "idle": "受任者のご出席がなく数に入らない委任{number}、",
        "reached": "満たしています",
        "not-reached": "まだ満たしていません",
        "quorum-yes": "成立",
        "quorum-no": "不成立",
        "chair": "議長",
        "proxy": "{giver}から{holder}への委任を承りました。ご欠席として数え、委任として定足数に入ります。",
        "proxy-idle": "なお、{holder}のご出席はまだ確かめられていません。ご欠席のときは、この委任は数えられません。",
        "proxy-same": "{giver}から{holder}への委任は、既に承っています。",
        "proxy-whom": "委任についてのお言葉がありましたが、どなたへの委任かを読み取れませんでした。",
        "proxy-accepted": "予定表からのお返事はご出席ですが、委任のお言葉が添えられています。ご出席のときは「出席」、"
        "委任なさるときは「委任 議長」のように、どちらかをお書きください。",
        "proxy-self": "ご自身の団体には委任できません。",
        "proxy-gave": "{holder}は、ご自身が委任なさっています。ほかの方か議長をお書きください。",
        "proxy-holds": "貴団体は、ほかの会員から委任を受けています。ご出席になれないときは、事務局にご連絡ください。",
        "proxy-late": "会議の始まりを過ぎているため、委任は承れません。",
    },
    "en": {
        "none": "There is no meeting {key}.",
        "no-time": '{key} has no time yet. Please write the number of a candidate or a time, as in "fix {key} 2".',
        "no-candidate": "{key} has no candidate {number}.",
        "past": "{at} is past.",
        "overnight": "{key} would end on the next day; please look at the hour.",
        "same": "{key} is fixed for that time already.",
        "fixed": "{key} is fixed for {when}; {invited} bodies are invited.",
        "moved": "{key} is moved to {when}; {invited} bodies are told.",
        "poll-ended": " The poll for the date ({poll}) ends with it.",
        "status-polling": "{key}: its date is being asked for. {answered} of {members} bodies have answered, {missing} have not.",
        "status-planned": "{key} has no date yet.",
        "status-fixed": "{key} is on {when}. {attending} attend, {proxies} gave a proxy, {idle}{declined} do not come, {silent} have not "
        "answered. The quorum is {needed} of {members}; {reached}.",
        "idle": "{number} a proxy to one who does not attend as yet, ",
        "reached": "it is there",
        "not-reached": "it is not there yet",
        "quorum-yes": "there",
        "quorum-no": "not there",
        "chair": "the chair",
        "proxy": "The proxy of {giver} to {holder} is recorded. You count as absent, and for the quorum.",
        "proxy-idle": "Whether {holder} attends is not known yet; if not, the proxy does not count.",
        "proxy-same": "The proxy of {giver} to {holder} is recorded already.",
        "proxy-whom": "You wrote of a proxy, but we could not read to whom.",
        "proxy-accepted": 'Your calendar accepts, and the words beside it give a proxy. Please write "attending" or "proxy to chair", '
        "one of the two.",
        "proxy-self": "A proxy to your own body means nothing.",
        "proxy-gave": "{holder} has given a proxy itself; name another member or the chair.",
        "proxy-holds": "Your body holds the proxy of another member; if you cannot come, please write to the office.",
        "proxy-late": "The meeting has begun; no proxy can be recorded any more.",
    },
}


def meeting_sentence(language: Language, name: str, **figures: object) -> str:
    """Return a sentence with its figures."""
    return _SENTENCES[language][name].format(**figures)
