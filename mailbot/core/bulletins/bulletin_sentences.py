"""What the office is told about its bulletins, in both languages: each a sentence with its figures."""

from __future__ import annotations

from collections.abc import Mapping

from mailbot.core.calendar import Language

SENTENCES: Mapping[Language, Mapping[str, str]] = {
    "ja": {
        # what was done
        "tried": "{key} の試し送りを、{to} にお送りします。",
        "sent": "「{subject}」を、{copies}通お送りします。",
        "sent-undo": "「{subject}」を、{at}から{copies}通お送りします。",
        "undo": "それまでは「配信中止 {key}」で、すべて取り消せます。",
        "undo-partly": "取り消すときは「配信中止 {key}」です。まだ出ていない分が止まります。",
        "cancelled": "{key} を取り消しました。1通も出ていません。",
        "cancelled-partly": "{key} の残り{withdrawn}通を止めました。{out}通は、すでに出ています。",
        "asked": "{key} の承認を {others} にお願いしました。",
        "approved": "{key} を承認しました。{at}にお送りします。",
        "sent-back": "{key} を差し戻しました。",
        "status-draft": "{key} は、まだお送りしていません。送り先は{readers}通、配信の予定は{at}です。",
        "status-sent": "{key} は {at}にお送りしました。{states}。",
        "status-cancelled": "{key} は取り消されています。",
        "not-approved": "{key} は、{others} の承認がまだのため、お送りしておりません。承認のお返事があれば、その時にお送りします。",
        "no-time": "未定",
        # what cannot be done
        "no-bulletin": "{key} という号はありません。",
        "waits": "{key} は承認を待っています。「承認」とご返信いただく前には、お送りできません。",
        "in-file": "{key} の配信の日時は、定義ファイルにあります。ファイルの send を直して反映してください。",
        "past": "{at} は過ぎています。すぐに送るときは、日時を書かずに「配信 {key}」とお書きください。",
        "no-panel": "試し送りの宛先が決まっていません。定義の test に書くか、「試し送り {key} アドレス」とお書きください。",
        "gone": "{key} は、もうお送りしています。",
        "called-back": "{key} は、取り消されています。",
        "decided": "これは、もう決まっています（{state}、{by}）。",
        "lapsed": "お願いから7日を過ぎたため、取り止めになりました。改めてお求めください。",
        "changed": "お願いした後に原稿が変わったため、この返信では承認できません。新しいお願いのメールにご返信ください。",
        "own": "ご自分の原稿は、ご自分では承認できません。ほかの方の承認が要ります。",
        "not-asked": "承認できるのは、お願いをお送りした方だけです。",
        # a draft that was mailed in
        "not-office": "メールマガジンの原稿のあて先ですが、差出人が事務局の方のアドレスではありません。",
        "not-proved": "メールマガジンの原稿ですが、メールの認証結果（DMARC か DKIM）で差出人を確かめられませんでした。",
        "not-magazine": "{list} はメールマガジンのリストではありません（preset: announce のリストだけです）。",
        "empty": "本文がありません。メールの本文に、そのまま原稿をお書きください。",
        "no-title": "件名に題名がありません。「メルマガ原稿 12月号」のようにお書きください。",
        "files": "添付ファイル（{names}）は配信できません。置き場所へのリンクを本文にお書きください。",
        "taken": "{key} は、もうお送りした号の番号です。件名の番号を変えるか、書かずにお送りください。",
        "not-draft": "{key} は調査か行事の番号です。件名の番号を変えるか、書かずにお送りください。",
        "head-time": "「配信」の日時を読み取れませんでした。「配信: 7/1 10:00」のようにお書きください。",
        "head-number": "「号数」は数字でお書きください。",
        "line": "{line}行目　{sentence}",
        # how a copy stands
        "state-sent": "届け先のサーバーに渡したもの{count}通",
        "state-pending": "これから{count}通",
        "state-sending": "送信中{count}通",
        "state-failed": "届かなかったもの{count}通",
        "state-expired": "送信を打ち切ったもの{count}通",
        "state-withdrawn": "止めたもの{count}通",
    },
    "en": {
        "tried": "Trial copies of {key} go to {to}.",
        "sent": "{subject}: {copies} copies go out.",
        "sent-undo": "{subject}: {copies} copies go out from {at} on.",
        "undo": 'Until then "call-back {key}" calls all of it back.',
        "undo-partly": '"call-back {key}" stops what has not left yet.',
        "cancelled": "{key} is called back; no copy has left.",
        "cancelled-partly": "{key}: {withdrawn} copies are stopped; {out} were out already.",
        "asked": "{others} is asked to approve {key}.",
        "approved": "{key} is approved. It goes out on {at}.",
        "sent-back": "{key} is sent back.",
        "status-draft": "{key} has not gone out. It would go to {readers} readers, on {at}.",
        "status-sent": "{key} went out on {at}: {states}.",
        "status-cancelled": "{key} was called back.",
        "not-approved": "{key} has not gone out: {others} has not approved it yet. It goes out when that comes.",
        "no-time": "no date yet",
        "no-bulletin": "There is no bulletin {key}.",
        "waits": '{key} waits for an approval; it cannot go out before somebody has replied "approve".',
        "in-file": "When {key} goes out stands in its definition file; change `send` there and apply.",
        "past": '{at} is past. To send it at once, write "distribute {key}" without a time.',
        "no-panel": 'Nobody is named for a trial; see `test` in its definition, or write "trial {key} ADDRESS".',
        "gone": "{key} went out already.",
        "called-back": "{key} was called back.",
        "decided": "This is decided already ({state}, {by}).",
        "lapsed": "The question is more than seven days old and was given up; please ask again.",
        "changed": "The draft has changed since you were asked; please reply to the newer mail.",
        "own": "Nobody approves his own draft; it needs somebody else.",
        "not-asked": "Only those who were asked can approve it.",
        "not-office": "It was sent to the address for drafts of a magazine, by somebody who is not of the office.",
        "not-proved": "It is a draft of a magazine, but nothing (DMARC, DKIM) says that its sender wrote it.",
        "not-magazine": "{list} is not the list of a magazine (a list with preset: announce).",
        "empty": "It has no text; please write the draft as the text of the mail.",
        "no-title": 'Its Subject has no title; please write it as in "draft December issue".',
        "files": "Attached files ({names}) cannot go out; put a link to where they are into the text.",
        "taken": "{key} is the key of an issue that went out; change the key in the Subject, or leave it out.",
        "not-draft": "{key} is the key of a survey or event; change the key in the Subject, or leave it out.",
        "head-time": 'The time behind "send" cannot be read; please write it as in "send: 2026-07-01 10:00".',
        "head-number": 'Please write the number behind "number" in digits.',
        "line": "line {line}: {sentence}",
        "state-sent": "{count} handed to their servers",
        "state-pending": "{count} to come",
        "state-sending": "{count} on their way",
        "state-failed": "{count} refused",
        "state-expired": "{count} given up",
        "state-withdrawn": "{count} stopped",
    },
}


def bulletin_sentence(language: Language, name: str, **figures: object) -> str:
    """Return a sentence with its figures."""
    return SENTENCES[language][name].format(**figures)


def states_words(language: Language, states: Mapping[str, int]) -> str:
    """Return how many copies are in each state, in words."""
    words = [bulletin_sentence(language, f"state-{state}", count=count) for state, count in states.items()]
    return ("、" if language == "ja" else ", ").join(words)
